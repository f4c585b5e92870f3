import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { openBackend, ops, tf, valueAndGradients } from '../../../src/engine/backend'
import { createBank, GraphBuilder, inferStages } from '../../../src/engine/network'
import { measureAttention } from '../../../src/engine/strategies/delta/attention'
import { hooksOf } from '../../../src/engine/strategies/delta/hooks'
import { omega } from '../../../src/engine/strategies/delta/omega'
import { channelWeights, perplexity } from '../../../src/engine/strategies/delta/weights'
import { floats } from '../../../src/engine/optim/floats'
import { strategies } from '../../../src/engine/strategies/registry'
import { drawsOf, trainRun } from '../../../src/engine/train'
import { assemble, findStrategy } from '../../../src/engine/train/setup'
import type { FeatureDistances } from '../../../src/events/pictures/delta'
import { Collected, environment, tinyModel, tinyParts, tinySpec } from '../train/fixture'
import {
  afterOneStep,
  differences as differing,
  openMember,
  runMember,
  valuesOf,
  weightsOf,
  type Member,
} from './contract'
import { openReal, realGraph, realNetworks } from './realNetworks'

beforeAll(() => openBackend('cpu'))

const delta = strategies.get('delta')!
const sgd = {
  model: { dropout: 0 },
  data: { transforms: 'none' },
  train: {
    batchNorm: 'eval_affine',
    optimizer: { name: 'sgd', rate: 0.01, headRate: 0.01, momentum: 0, weightDecay: 0 },
    schedule: { name: 'constant', warmup: 0 },
  },
}
const member = (options: Record<string, unknown>, file: Record<string, unknown> = sgd): Member => ({
  strategy: delta,
  options,
  file,
})

test('DELTA-1 without strengths one step is plain fine-tuning, bit for bit', async () => {
  const ours = await afterOneStep(member({ alpha: 0, beta: 0, attention: 'uniform' }))
  const plain = await afterOneStep({ strategy: strategies.get('full')!, file: sgd })
  for (const [name, values] of plain.after) expect([name, ours.after.get(name)]).toEqual([name, values])
})

test('DELTA-2 with equal weights and batch-norm mode the distance is exactly 0', async () => {
  const session = await openMember(member({ attention: 'uniform' }))
  await session.advance()
  const report = await session.step()
  expect(report!.parts.delta).toBe(0)
  await session.dispose()
})

test('the source on running statistics, the target on those of the batch: the distance starts above 0', async () => {
  const session = await openMember(
    member({ attention: 'uniform' }, { ...sgd, train: { ...sgd.train, batchNorm: undefined } }),
  )
  await session.advance()
  expect((await session.step())!.parts.delta).toBeGreaterThan(1e-6)
  await session.dispose()
})

const differences = [0.3, -0.1, 0.05, 0]
const release = { recipe: 'release', temperature: 5 } as const

test('DELTA-3 weights sum to 1; in the release they are the softmax of z / 5', () => {
  const mean = 0.0625
  const std = Math.sqrt(differences.reduce((sum, d) => sum + (d - mean) ** 2, 0) / 4)
  const powers = differences.map((d) => Math.exp((d - mean) / std / 5))
  const total = powers.reduce((a, b) => a + b)
  const weights = channelWeights(differences, release)
  weights.forEach((w, j) => expect(w).toBeCloseTo(powers[j]! / total, 12))
  for (const recipe of ['release', 'paper'] as const)
    expect(channelWeights(differences, { recipe, temperature: 5 }).reduce((a, b) => a + b)).toBeCloseTo(1, 12)
})

test('DELTA-4 equal differences give uniform weights, and the attended loss is the plain one over positions', () => {
  const weights = channelWeights([0.2, 0.2, 0.2], release)
  expect(weights).toEqual([1 / 3, 1 / 3, 1 / 3])
  expect(perplexity(weights)).toBeCloseTo(1, 12)
  tf.tidy(() => {
    const a = tf.randomUniform([2, 2, 2, 3], -1, 1, 'float32', 1)
    const b = tf.randomUniform([2, 2, 2, 3], -1, 1, 'float32', 2)
    const value = (form: 'attended' | 'feature-map') =>
      omega(a, b, tf.tensor1d(weights), { form, recipe: 'release', batchSum: true }).dataSync()[0]!
    expect(value('attended')).toBeCloseTo(value('feature-map') / 4, 5)
  })
})

test('DELTA-6 a doubled batch doubles the sum and leaves the mean', () => {
  tf.tidy(() => {
    const a = tf.randomUniform([2, 2, 2, 3], -1, 1, 'float32', 1)
    const b = tf.zeros([2, 2, 2, 3])
    const w = tf.tensor1d([0.5, 0.3, 0.2])
    const value = (x: tf.Tensor, batchSum: boolean) =>
      omega(x, x === a ? b : tf.zeros([4, 2, 2, 3]), w, {
        form: 'attended',
        recipe: 'release',
        batchSum,
      }).dataSync()[0]!
    const twice = tf.concat([a, a], 0)
    expect(value(twice, true)).toBeCloseTo(2 * value(a, true), 5)
    expect(value(twice, false)).toBeCloseTo(value(a, false), 5)
  })
})

test('DELTA-7 no gradient reaches the weights of channels or the source', () => {
  tf.tidy(() => {
    const map = tf.ones([1, 1, 1, 2])
    const { gradients } = valueAndGradients(
      () =>
        omega(map, tf.zeros([1, 1, 1, 2]), tf.tensor1d([0.75, 0.25]), { form: 'attended', recipe: 'paper' }),
      [map],
    )
    expect([...floats(gradients[0]!)]).toEqual([1.5, 0.5])
  })
})

test('DELTA-7 a run leaves the source and the weights of channels as they are', async () => {
  const session = await openMember(member({ attentionBatches: 1, headSteps: 1, alpha: 5 }))
  await session.step()
  await session.advance()
  const held = () => [...session.runtime!.save!().tensors!].map(([name, { data }]) => [name, [...data]])
  const [weights, source] = [held(), valuesOf(session.w0)]
  expect(weights.length).toBeGreaterThan(0)
  while (!session.done) await session.step()
  expect(held()).toEqual(weights)
  expect(differing(source, valuesOf(session.w0))).toEqual([])
  expect(differing(source, valuesOf(session.bank)).length).toBeGreaterThan(0)
  await session.dispose()
})

test('DELTA-9 raising one difference raises its weight and lowers every other', () => {
  for (const recipe of ['release', 'paper'] as const) {
    const before = channelWeights(differences, { recipe, temperature: 5 })
    const after = channelWeights([0.3, -0.1, 0.25, 0], { recipe, temperature: 5 })
    expect(after[2]!).toBeGreaterThan(before[2]!)
  }
  const before = channelWeights(differences, { recipe: 'paper', temperature: 5 })
  const after = channelWeights([0.3, -0.1, 0.25, 0], { recipe: 'paper', temperature: 5 })
  for (const j of [0, 1, 3]) expect(after[j]!).toBeLessThan(before[j]!)
})

/** The tiny network with one filter of the first hook set to zero, and a head that is not zero. */
function network(zeroed?: number) {
  const spec = tinySpec('delta')
  const { strategy, options } = findStrategy(spec)
  const { graph, stages, w0 } = assemble(spec, strategy, options, tinyModel(), 3)
  const hooks = hooksOf(graph, stages, {})
  const values = new Map(w0)
  const head = values.get('head.weight')!
  values.set('head.weight', { ...head, data: head.data.map((_, i) => Math.sin(i)) })
  const kernel = graph.nodes.find(({ name }) => name === hooks[0]!.layer)!.parameters.kernel!
  if (zeroed !== undefined) {
    const value = values.get(kernel)!
    values.set(kernel, {
      ...value,
      data: value.data.map((v, i) => (i % value.shape.at(-1)! === zeroed ? 0 : v)),
    })
  }
  return { graph, hooks, bank: createBank(values), kernel }
}

async function* batches() {
  yield {
    x: tf.randomUniform([4, 8, 8, 3], 0, 255, 'float32', 5) as tf.Tensor,
    labels: tf.tensor1d([0, 1, 2, 1], 'int32') as tf.Tensor,
  }
}

test('DELTA-5, DELTA-8: measuring changes nothing, and a filter that is zero already makes no difference', async () => {
  const { graph, hooks, bank } = network(1)
  const before = valuesOf(bank)
  const found = (await measureAttention(
    { graph, parameters: bank },
    hooks,
    batches(),
    'filters',
    () => false,
  ))!
  expect(found.get(hooks[0]!.layer)![1]).toBe(0)
  expect(Math.max(...found.get(hooks[0]!.layer)!.map(Math.abs))).toBeGreaterThan(1e-3)
  for (const [name, values] of before) expect(valuesOf(bank).get(name)).toEqual(values)
  bank.dispose()
})

test('a filter left out is what setting its kernel to zero does to the loss', async () => {
  const whole = network()
  const found = (await measureAttention(
    { graph: whole.graph, parameters: whole.bank },
    whole.hooks,
    batches(),
    'filters',
    () => false,
  ))!
  const { runGraph } = await import('../../../src/engine/network')
  const lossOf = ({ graph, bank }: ReturnType<typeof network>) =>
    tf.tidy(() => {
      const x = tf.randomUniform([4, 8, 8, 3], 0, 255, 'float32', 5)
      const { output } = runGraph(graph, x, { parameters: bank })
      return floats(ops.softmaxCrossEntropy(output, tf.tensor1d([0, 1, 2, 1], 'int32')))[0]!
    })
  const cut = network(2)
  expect(found.get(whole.hooks[0]!.layer)![2]).toBeCloseTo(lossOf(cut) - lossOf(whole), 5)
  for (const { bank } of [whole, cut]) bank.dispose()
})

test('the first-order estimate points where small changes go', async () => {
  const { graph, hooks, bank } = network()
  const measure = (kind: 'filters' | 'gradient') =>
    measureAttention({ graph, parameters: bank }, hooks, batches(), kind, () => false)
  const [exact, estimate] = [await measure('filters'), await measure('gradient')]
  for (const { layer } of hooks.slice(-1)) {
    const [a, b] = [[...exact!.get(layer)!], [...estimate!.get(layer)!]]
    const mean = (values: number[]) => values.reduce((x, y) => x + y, 0) / values.length
    const [ma, mb] = [mean(a), mean(b)]
    const dot = a.reduce((sum, v, i) => sum + (v - ma) * (b[i]! - mb), 0)
    const norm = (values: number[], m: number) => Math.sqrt(values.reduce((s, v) => s + (v - m) ** 2, 0))
    expect(dot / (norm(a, ma) * norm(b, mb))).toBeGreaterThan(0.7)
  }
  bank.dispose()
})

test('refuses a network without weights, a hook that is no convolution, and a run without fine-tuning', async () => {
  const failing = (one: Member) =>
    openMember(one).then(
      () => '',
      (error: Error) => error.message,
    )
  expect(await failing(member({ hooks: ['stem.bn'] }))).toMatch(/strategy.hooks: "stem.bn" is no convolution/)
  expect(await failing(member({ headSteps: 6 }))).toMatch(/none is left to fine-tune/)
  expect(await failing(member({ attention: 'given' }))).toMatch(/attention.<layer>/)
})

test('compares the last convolution of each stage, and never a shortcut', () => {
  const graph = realGraph('resnet50')
  expect(hooksOf(graph, inferStages(graph), {}).map(({ layer, channels }) => [layer, channels])).toEqual([
    ['layer1.2.conv3', 256],
    ['layer2.3.conv3', 512],
    ['layer3.5.conv3', 1024],
    ['layer4.2.conv3', 2048],
  ])
  const b = new GraphBuilder('short', [8, 8, 3])
  const stem = b.conv('stem', 'input', 4, { kernel: 3, padding: 'same' })
  const way = b.conv('way', b.conv('first', stem, 6, { kernel: 3, stride: 2, padding: 'same' }), 6, {
    kernel: 1,
  })
  const sum = b.plain('add', { kind: 'add' }, [way, b.conv('shortcut', stem, 6, { kernel: 1, stride: 2 })])
  const short = b.build(sum)
  expect(hooksOf(short, inferStages(short), {}).map(({ layer }) => layer)).toEqual(['way'])
})

test('measured attention repeats a run from another seed, by train.inputs', async () => {
  const files = { data: { transforms: 'none' }, train: { seed: 5, steps: 6 } }
  const options = {
    attention: 'gradient',
    attentionBatches: 1,
    attentionBatchSize: 4,
    temperature: 0.5,
    alpha: 5,
  }
  const spec = tinySpec({ name: 'delta', ...options }, files)
  const base = mkdtempSync(join(tmpdir(), 'thaw-delta-'))
  const end = async (one: typeof spec) => {
    const sink = new Collected()
    await trainRun(one, environment(sink, { base }), tinyParts(one))
    return sink.checkpoints.at(-1)!.files
  }
  const first = await end(spec)
  const { initialize, inputs } = await drawsOf(spec, { base }, { parts: tinyParts(spec), checkpoint: first })
  writeFileSync(join(base, 'initialize.safetensors'), initialize)
  writeFileSync(join(base, 'inputs.safetensors'), inputs)
  const given = { initialize: 'initialize.safetensors', inputs: 'inputs.safetensors', seed: 6 }
  const again = await end({ ...spec, train: { ...spec.train, ...given } })
  expect(differing(await weightsOf(first), await weightsOf(again))).toEqual([])
  const without = await drawsOf(spec, { base }, { parts: tinyParts(spec) })
  writeFileSync(join(base, 'inputs.safetensors'), without.inputs)
  const remeasured = await end({ ...spec, train: { ...spec.train, ...given } })
  expect(differing(await weightsOf(first), await weightsOf(remeasured))).not.toEqual([])
  rmSync(base, { recursive: true })
})

test('tells attention once, and distances of feature maps at the end', async () => {
  const { sink } = await runMember(member({ attention: 'gradient', attentionBatches: 1 }))
  const told = sink.of('picture')
  expect(told.filter(({ name }) => name === 'attention')).toHaveLength(1)
  const { layers } = told.findLast(({ name }) => name === 'feature-distance')!.data as FeatureDistances
  expect(layers.length).toBeGreaterThan(1)
  for (const { mean, points } of layers) {
    expect(mean).toBeGreaterThan(0)
    expect(points[0]![0]).toBeGreaterThanOrEqual(points.at(-1)![0])
  }
})

test('a freeze list refuses what would be measured on an unfitted head, and takes uniform attention', async () => {
  const file = { ...sgd, freeze: [{ name: 'all', train: ['*'] }] }
  await expect(openMember(member({}, file))).rejects.toThrow(
    /strategy.attention: a freeze list leaves no phase/,
  )
  const session = await openMember(member({ attention: 'uniform' }, file))
  await session.step()
  expect((await session.step())!.parts.delta).toBeGreaterThan(0)
  await session.dispose()
})

test.each(realNetworks)('takes steps on %s', async (name) => {
  const options = { attention: 'gradient', attentionBatches: 1, attentionBatchSize: 2, headSteps: 1 }
  const { session, sink } = await openReal(name, { name: 'delta', ...options })
  await session.step()
  expect((await session.step())!.parts.delta).toBeGreaterThan(0)
  expect(sink.of('picture').some((picture) => picture.name === 'attention')).toBe(true)
  await session.dispose()
})
