import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBackend, ops, tf, valueAndGradients } from '../../src/engine/backend'
import { loadModel } from '../../src/engine/formats'
import { toOrigin } from '../../src/engine/formats/layout'
import type { StoredTensor } from '../../src/engine/formats'
import { mediaFolder } from '../../src/engine/media'
import {
  createBank,
  runGraph,
  type BatchStatistics,
  type LayerOp,
  type LoadedModel,
  type NetworkGraph,
} from '../../src/engine/network'
import type { BatchNormMode } from '../../src/events/types'
import { referenceNetwork, relativeError, type Job } from './network-reference'

/** What the product promises for outputs; gradients of a step are held to the same. */
const TOLERANCE = 1e-4
const media = mediaFolder()
const packaged = join(media, 'packaged/network/efficientnet-lite0.safetensors')

const all = ['train', 'eval_affine', 'mixed']
const net = (
  name: string,
  model: string,
  size: number,
  batch: number,
  modes: string[],
  more: Partial<Job> = {},
) => ({
  name,
  job: { model, size, batch, classes: 5, modes, ...more },
})
const cases: { name: string; job: Job }[] = [
  net('ResNet-18', 'resnet18', 64, 3, all),
  net('ResNet-34', 'resnet34', 64, 1, []),
  net('ResNet-50', 'resnet50', 64, 3, ['train', 'eval_affine']),
  net('MobileNetV2', 'mobilenet_v2', 64, 3, all),
  net('EfficientNet-Lite0', 'efficientnet_lite0', 96, 3, ['mixed']),
  // an odd size pads other sides at stride 2
  net('EfficientNet-Lite0 at 75 px', 'efficientnet_lite0', 75, 1, []),
  net('the small CNN', 'small_cnn', 48, 3, all),
  net('the packaged network with its ImageNet weights', 'efficientnet_lite0', 96, 3, all, {
    stages: 6,
    weights: packaged,
  }),
]

const folders: string[] = []
beforeAll(async () => {
  await openBackend('wasm')
})
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true })))

function forward(
  model: LoadedModel,
  expected: Map<string, StoredTensor>,
  graph: NetworkGraph = model.graph,
): number {
  const bank = createBank(model.values)
  const { shape, data } = expected.get('pixels')!
  const x = tf.tensor(data, shape)
  const { output } = runGraph(graph, x, { parameters: bank })
  const error = relativeError(output.dataSync(), expected.get('output')!.data)
  tf.dispose([x, output])
  bank.dispose()
  return error
}

interface Step {
  loss: number
  gradients: Map<string, Float32Array>
  statistics: Map<string, BatchStatistics>
}

function step(
  model: LoadedModel,
  expected: Map<string, StoredTensor>,
  classes: number,
  mode: (layer: string) => BatchNormMode,
): Step {
  const { graph } = model
  const bank = createBank(model.values)
  const { shape, data } = expected.get('pixels')!
  const x = tf.tensor(data, shape)
  const labels = tf.tensor1d(Int32Array.from(expected.get('labels')!.data), 'int32')
  const infos = [...graph.parameters.values()].filter((info) => !info.buffer)
  const statistics = new Map<string, BatchStatistics>()
  const result = valueAndGradients(
    () => {
      const { output } = runGraph(graph, x, {
        parameters: bank,
        batchNorm: mode,
        onStatistics: (layer, s) => statistics.set(layer, s),
      })
      const logits =
        output.rank === 4 ? tf.slice(ops.globalAveragePool(output), [0, 0], [-1, classes]) : output
      return ops.softmaxCrossEntropy(logits, labels)
    },
    infos.map((info) => bank.get(info.name)),
  )
  const gradients = new Map(
    infos.map((info, i) => [info.name, toOrigin(info, result.gradients[i]!.dataSync() as Float32Array).data]),
  )
  const loss = result.loss.dataSync()[0]!
  tf.dispose([x, labels, result.loss, ...result.gradients])
  bank.dispose()
  return { loss, gradients, statistics }
}

/** Relative error over all gradients together, and the worst single parameter's. */
function compareGradients(step: Step, expected: Map<string, StoredTensor>, mode: string) {
  let difference = 0
  let size = 0
  let worst = { name: '', error: 0 }
  for (const [name, gradient] of step.gradients) {
    const wanted = expected.get(`${mode}/gradient/${name}`)!.data
    const norm = Math.hypot(
      ...sums(
        wanted,
        wanted.map(() => 0),
      ),
    )
    const distance = Math.hypot(...sums(gradient, wanted))
    difference += distance ** 2
    size += norm ** 2
    // a gradient that is zero but for rounding (a bias before batch statistics) has no relative error
    if (norm > 1e-5 && distance / norm > worst.error) worst = { name, error: distance / norm }
  }
  return { all: Math.sqrt(difference / size), worst }
}

function sums(a: ArrayLike<number>, b: ArrayLike<number>): [number] {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2
  return [Math.sqrt(sum)]
}

describe.each(cases)('$name against PyTorch in float64', ({ job }) => {
  let expected: Map<string, StoredTensor>
  let model: LoadedModel

  beforeAll(async () => {
    const reference = await referenceNetwork(job)
    folders.push(reference.folder)
    expected = reference.expected
    const source = job.weights ? 'thaw:efficientnet-lite0' : reference.weights
    model = await loadModel({ source, inputSize: job.size }, { base: '.', media, keepHead: true })
  })

  it('gives the same output on the same pixels', () => {
    expect(forward(model, expected)).toBeLessThan(TOLERANCE)
  })

  it.each(job.modes)('gives the same gradients of a step, batch norm %s', (name) => {
    const norms = model.graph.nodes.filter((node) => node.op.kind === 'batchNorm')
    const modes = new Map<string, BatchNormMode>(
      norms.map((node) => [
        node.name,
        expected.has(`${name}/buffer/${node.name}.running_mean`) ? 'train' : 'eval_affine',
      ]),
    )
    const result = step(model, expected, job.classes, (layer) => modes.get(layer)!)
    const loss = expected.get(`${name}/loss`)!.data[0]!
    expect(Math.abs(result.loss / loss - 1)).toBeLessThan(TOLERANCE)
    const { all, worst } = compareGradients(result, expected, name)
    // a ReLU whose input is zero but for rounding switches a path: PyTorch's own float32 is as far from its float64
    const rounding = expected.get(`${name}/rounding`)!.data[0]!
    expect(all, `worst: ${worst.name} ${worst.error}`).toBeLessThan(Math.max(TOLERANCE, 3 * rounding))
    for (const node of norms) {
      const mean = expected.get(`${name}/buffer/${node.name}.running_mean`)
      const statistics = result.statistics.get(node.name)
      expect(statistics === undefined).toBe(mean === undefined)
      if (!mean || !statistics || node.op.kind !== 'batchNorm') continue
      const variance = expected.get(`${name}/buffer/${node.name}.running_var`)!
      const { momentum } = node.op
      const move = (role: 'mean' | 'variance', batch: ArrayLike<number>, factor: number) =>
        Array.from(
          model.values.get(node.parameters[role]!)!.data,
          (v, i) => (1 - momentum) * v + momentum * factor * batch[i]!,
        )
      const bessel = statistics.count / (statistics.count - 1)
      expect(relativeError(move('mean', statistics.mean.dataSync(), 1), mean.data)).toBeLessThan(TOLERANCE)
      expect(
        relativeError(move('variance', statistics.variance.dataSync(), bessel), variance.data),
      ).toBeLessThan(TOLERANCE)
      tf.dispose([statistics.mean, statistics.variance])
    }
  })
})

describe('the tolerance', () => {
  it('catches padding on the wrong side at stride 2, a wrong epsilon and half a grey level', async () => {
    const job: Job = {
      model: 'efficientnet_lite0',
      size: 64,
      batch: 1,
      classes: 5,
      modes: [],
      stages: 6,
      weights: packaged,
    }
    const { folder, expected } = await referenceNetwork(job)
    folders.push(folder)
    const model = await loadModel(
      { source: 'thaw:efficientnet-lite0', inputSize: job.size },
      { base: '.', media },
    )
    const changed = (change: (op: LayerOp) => LayerOp): NetworkGraph => ({
      ...model.graph,
      nodes: model.graph.nodes.map((node) => ({ ...node, op: change(node.op) })),
    })
    // PyTorch's habit: both sides alike, where TensorFlow pads below and to the right
    const symmetric = changed((op) => {
      if (op.kind !== 'conv2d' && op.kind !== 'depthwiseConv2d') return op
      const half = (op.kernel[0] - 1) / 2
      return op.strides[0] === 2 ? { ...op, padding: [half, half, half, half] as const } : op
    })
    const epsilon = changed((op) => (op.kind === 'batchNorm' ? { ...op, epsilon: 1e-5 } : op))
    const mean = changed((op) => (op.kind === 'normalize' ? { ...op, mean: [127.5, 127.5, 127.5] } : op))
    expect(forward(model, expected)).toBeLessThan(TOLERANCE)
    expect(forward(model, expected, symmetric)).toBeGreaterThan(100 * TOLERANCE)
    expect(forward(model, expected, epsilon)).toBeGreaterThan(10 * TOLERANCE)
    expect(forward(model, expected, mean)).toBeGreaterThan(10 * TOLERANCE)
  })
})
