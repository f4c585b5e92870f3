import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { openBackend, tf, valueAndGradients, ops } from '../../../src/engine/backend'
import {
  attachHead,
  backboneOf,
  createBank,
  createGraph,
  featureLayer,
  initialise,
  runGraph,
  type BatchStatistics,
  type ParameterBank,
} from '../../../src/engine/network'
import { RandomStream } from '../../../src/engine/random'

const graph = createGraph('small_cnn', { inputSize: 16, classes: 3 })
const pixels = (n: number): Float32Array => {
  const random = new RandomStream(7, 'pixels')
  return Float32Array.from({ length: n * 16 * 16 * 3 }, () => random.range(0, 255))
}

let bank: ParameterBank
const images = (n: number) => tf.tensor4d(pixels(n), [n, 16, 16, 3])
const values = (x: { dataSync(): ArrayLike<number> }) => Array.from(x.dataSync())

beforeAll(async () => {
  await openBackend('wasm')
})

afterEach(() => {
  bank?.dispose()
})

describe('runGraph', () => {
  it('gives prefix and suffix that make the whole, bit for bit', () => {
    bank = createBank(initialise(graph, new RandomStream(1, 'init')))
    const x = images(2)
    const whole = runGraph(graph, x, { parameters: bank }).output
    const middle = runGraph(graph, x, { parameters: bank, to: 'bn2' }).output
    const rest = runGraph(graph, middle, { parameters: bank, from: 'bn2' }).output
    expect(values(rest)).toEqual(values(whole))
    tf.dispose([x, whole, middle, rest])
  })

  it('hooks any output, a batch norm before a ReLU included, without changing the result', () => {
    bank = createBank(initialise(graph, new RandomStream(1, 'init')))
    const x = images(1)
    const plain = runGraph(graph, x, { parameters: bank }).output
    const { output, hooks } = runGraph(graph, x, {
      parameters: bank,
      hooks: ['bn1', 'relu1', 'avgpool', 'input'],
    })
    expect(values(output)).toEqual(values(plain))
    expect([...hooks.keys()]).toEqual(['bn1', 'relu1', 'avgpool', 'input'])
    const relu = values(hooks.get('bn1')!).map((v) => Math.max(0, v))
    expect(values(hooks.get('relu1')!)).toEqual(relu)
    expect(Math.min(...values(hooks.get('bn1')!))).toBeLessThan(0)
    tf.dispose([x, plain, output, ...hooks.values()])
  })

  it('replaces outputs by what transform returns', () => {
    bank = createBank(initialise(graph, new RandomStream(1, 'init')))
    const x = images(1)
    const { output } = runGraph(graph, x, {
      parameters: bank,
      transform: (layer, y) => (layer === 'relu4' ? tf.zerosLike(y) : y),
    })
    expect(values(output)).toEqual([0, 0, 0])
    tf.dispose([x, output])
  })

  it('refuses a suffix that needs more than it is given', () => {
    const resnet = createGraph('resnet18', { inputSize: 32 })
    const y = tf.zeros([1, 8, 8, 64])
    bank = createBank(new Map())
    const options = { parameters: bank, from: 'layer1.0.bn2', to: 'layer1.0.add' }
    expect(() => runGraph(resnet, y, options)).toThrow(
      /'layer1.0.add' cannot be computed from .* 'layer1.0.bn2' alone/,
    )
    y.dispose()
  })

  it('keeps statistics for the caller in mode train only, and normalises with them', () => {
    bank = createBank(initialise(graph, new RandomStream(1, 'init')))
    const x = images(4)
    const seen = new Map<string, BatchStatistics>()
    const run = (mode: 'train' | 'train_nostats' | 'eval_affine') =>
      runGraph(graph, x, {
        parameters: bank,
        to: 'bn1',
        batchNorm: (layer) => (layer === 'bn1' ? mode : 'frozen'),
        onStatistics: (layer, statistics) => seen.set(layer, statistics),
      }).output
    const silent = run('train_nostats')
    expect(seen.size).toBe(0)
    const trained = run('train')
    expect([...seen.keys()]).toEqual(['bn1'])
    expect(values(trained)).toEqual(values(silent))
    const { mean, variance } = tf.moments(trained, [0, 1, 2])
    for (const m of values(mean)) expect(Math.abs(m)).toBeLessThan(1e-5)
    for (const v of values(variance)) expect(v).toBeCloseTo(1, 2)
    const frozen = run('eval_affine')
    expect(values(frozen)).not.toEqual(values(trained))
    const statistics = seen.get('bn1')!
    expect(statistics.count).toBe(4 * 16 * 16)
    tf.dispose([x, silent, trained, frozen, mean, variance, statistics.mean, statistics.variance])
  })

  it('drops only when given a stream, the same for the same stream, and keeps the mean', () => {
    const headed = attachHead(backboneOf(graph), {
      classes: 2,
      dropout: 0.5,
      std: 0.01,
      random: new RandomStream(1, 'h'),
    })
    expect(featureLayer(headed.graph)).toBe('head.pool')
    bank = createBank(new Map([...initialise(graph, new RandomStream(1, 'init')), ...headed.values]))
    const features = tf.ones([8, 128])
    const run = (dropout?: RandomStream) =>
      runGraph(headed.graph, features, { parameters: bank, from: 'head.pool', to: 'head.dropout', dropout })
        .output
    const off = run()
    const a = run(new RandomStream(3, 'dropout'))
    const b = run(new RandomStream(3, 'dropout'))
    expect(values(off).every((v) => v === 1)).toBe(true)
    expect(values(a)).toEqual(values(b))
    expect(new Set(values(a))).toEqual(new Set([0, 2]))
    const mean = values(a).reduce((s, v) => s + v, 0) / 1024
    expect(Math.abs(mean - 1)).toBeLessThan(0.15)
    tf.dispose([features, off, a, b])
  })

  it('leaves no tensor behind, in inference and in training', () => {
    bank = createBank(initialise(graph, new RandomStream(1, 'init')))
    const x = images(2)
    const labels = tf.tensor1d([0, 2], 'int32')
    const before = tf.memory().numTensors
    const { output, hooks } = runGraph(graph, x, { parameters: bank, hooks: ['relu2', 'fc', 'input'] })
    tf.dispose([output, ...hooks.values()])
    expect(tf.memory().numTensors).toBe(before)
    const names = [...graph.parameters.values()].filter((info) => !info.buffer).map((info) => info.name)
    const statistics: BatchStatistics[] = []
    const result = valueAndGradients(
      () =>
        ops.softmaxCrossEntropy(
          runGraph(graph, x, {
            parameters: bank,
            batchNorm: () => 'train',
            onStatistics: (_, s) => statistics.push(s),
            dropout: new RandomStream(1, 'dropout'),
          }).output,
          labels,
        ),
      names.map((name) => bank.get(name)),
    )
    tf.dispose([result.loss, ...result.gradients, ...statistics.flatMap((s) => [s.mean, s.variance])])
    expect(tf.memory().numTensors).toBe(before)
    tf.dispose([x, labels])
  })

  it('holds few activations at once in inference', () => {
    const resnet = createGraph('resnet18', { inputSize: 32, classes: 2 })
    bank = createBank(initialise(resnet, new RandomStream(1, 'init')))
    const x = tf.zeros([1, 32, 32, 3])
    const before = tf.memory().numTensors
    let most = 0
    const { output } = runGraph(resnet, x, {
      parameters: bank,
      transform: (_, y) => {
        most = Math.max(most, tf.memory().numTensors - before)
        return y
      },
    })
    expect(most).toBeLessThan(16)
    tf.dispose([x, output])
  })
})
