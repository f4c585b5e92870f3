import { expect, test } from 'vitest'
import { tf } from '../../../src/engine/backend'
import { createBank, runGraph } from '../../../src/engine/network'
import type { NetworkGraph, ParameterBank } from '../../../src/engine/network/types'
import { unpackTensors } from '../../../src/engine/train/checkpoint'
import { foldStandardisation } from '../../../src/engine/train/standardise'
import { strategies } from '../../../src/engine/strategies/registry'
import { TrainingSession } from '../../../src/engine/train'
import { pixels as imagesOf } from '../../../src/engine/train/cachedForward'
import { Collected, environment, tinyParts, tinySpec } from '../train/fixture'
import { differences, openMember, runMember, valuesOf, weightsOf, type Member } from './contract'

const member = (
  name: string,
  options: Record<string, unknown> = {},
  file?: Record<string, unknown>,
): Member => ({
  strategy: strategies.get(name)!,
  options,
  file,
})

async function finalWeights(one: Member): Promise<Map<string, Float32Array>> {
  const { sink } = await runMember(one)
  return weightsOf(sink.checkpoints.at(-1)!.files)
}

/** Running statistics move, so that they are compared as well. */
const moving = { train: { batchNorm: 'train' } }
const quiet = { train: { batchNorm: 'train', optimizer: { rate: 0.003, weightDecay: 0 } } }

test.each([
  [
    'B-2 last-k with all stages is full fine-tuning',
    member('last-k', { k: 'all' }, moving),
    member('full', {}, moving),
  ],
  [
    'B-2 last-k with no stage is the probe trained by steps',
    member('last-k', { k: 0 }),
    member('linear-probe', { solver: 'sgd' }),
  ],
  [
    'B-3 one rate for all stages, nothing frozen and the schedule of the run file is full fine-tuning',
    member('gradual', { factor: 1, unfreeze: false, slanted: false }, moving),
    member('full', {}, moving),
  ],
  [
    'U2, L2SP-1 no strength, decoupled, is full fine-tuning',
    member('l2-sp', { alpha: 0, beta: 0 }, quiet),
    member('full', {}, quiet),
  ],
  [
    'U2, L2SP-1 no strength, in the loss, is full fine-tuning',
    member('l2-sp', { alpha: 0, beta: 0, form: 'loss' }, quiet),
    member('full', {}, quiet),
  ],
])('%s', async (_name, one, other) => {
  expect(differences(await finalWeights(one), await finalWeights(other))).toEqual([])
})

test('B-1 the probe leaves the backbone bit-identical, and features kept give the same head as features in the loop', async () => {
  const kept = member('linear-probe', { solver: 'sgd' }, { data: { transforms: 'none' } })
  const session = await openMember(kept)
  const before = valuesOf(session.bank)
  while (!session.done) await session.step()
  expect(differences(before, valuesOf(session.bank)).sort()).toEqual(['head.bias', 'head.weight'])
  expect(session.features.cache.size).toBeGreaterThan(0)
  const withCache = valuesOf(session.bank)
  await session.dispose()

  const inLoop = await openMember(kept)
  inLoop.features.input = (batch) => Promise.resolve({ x: imagesOf(batch) })
  while (!inLoop.done) await inLoop.step()
  expect(differences(withCache, valuesOf(inLoop.bank))).toEqual([])
  await inLoop.dispose()
})

test('B-4 a stage that is not yet thawed is bit-identical to the pre-trained one, statistics included', async () => {
  const session = await openMember(member('gradual', { every: 2 }, { train: { batchNorm: 'train' } }))
  const w0 = valuesOf(session.w0)
  const stageOf = new Map(session.graph.nodes.map((node) => [node.name, node.stage]))
  const order = ['head', ...new Set([...stageOf.values()].filter((stage) => stage !== 'head'))]
  const stages = [order[0]!, ...order.slice(1).reverse()]
  while (!session.done) {
    await session.step()
    const thawed = new Set(stages.slice(0, session.phase.index + 1))
    const moved = differences(w0, valuesOf(session.bank)).map((name) =>
      stageOf.get(session.graph.parameters.get(name)!.layer),
    )
    expect(new Set(moved)).toEqual(thawed)
  }
  await session.dispose()
})

test('B-5 fine-tuning starts from the logits of the probe', async () => {
  const logitsOf = async (name: string) => {
    const file = tinySpec(name, { train: { steps: 0 } })
    const session = await TrainingSession.open(file, environment(), tinyParts(file))
    await session.step()
    const logits: number[] = []
    for await (const batch of session.setup.images.evaluation('test', session.setup.size, 12)) {
      const x = imagesOf(batch)
      logits.push(
        ...tf.tidy(() => runGraph(session.graph, x, { parameters: session.bank }).output.dataSync()),
      )
      x.dispose()
    }
    await session.dispose()
    return logits
  }
  const [tuned, probe] = [await logitsOf('lp-ft'), await logitsOf('linear-probe')]
  const largest = Math.max(...probe.map(Math.abs))
  expect(largest).toBeGreaterThan(0.5)
  probe.forEach((logit, i) => expect(Math.abs(tuned[i]! - logit) / largest).toBeLessThan(1e-5))
})

test('B-6 the rates of a run rise from 1 / ratio of the highest to the cut, and fall again', async () => {
  const options = { factor: 1, unfreeze: false, cutFraction: 0.1, ratio: 32 }
  const sink = new Collected()
  const session = await openMember(member('gradual', options, { train: { steps: 40 } }), sink)
  while (!session.done) await session.step()
  const rates = sink.of('step').map(({ rate }) => rate['head']!)
  const highest = Math.max(...rates)
  expect(rates[0]).toBeCloseTo(highest / 32, 10)
  expect(rates[4]).toBe(highest)
  // one step before the end of the fall, which takes 36
  expect(rates[39]).toBeCloseTo((highest * (1 + 31 / 36)) / 32, 10)
  await session.dispose()
})

test('the probe learns the patterns that a random head does not know', async () => {
  const spec = tinySpec('linear-probe')
  const sink = new Collected()
  const session = await TrainingSession.open(spec, environment(sink), tinyParts(spec))
  const before = await session.evaluate('test')
  await session.step()
  const after = await session.evaluate('test')
  expect(after.metrics.loss).toBeLessThan(before.metrics.loss)
  expect(after.metrics.accuracy).toBeGreaterThanOrEqual(0.75)
  expect(sink.of('progress').some(({ what }) => what === 'features')).toBe(true)
  await session.dispose()
})

test('scratch starts from random values, not from the pre-trained ones', async () => {
  const session = await openMember(member('scratch'))
  const { setup } = await openMember(member('full'))
  for (const info of session.graph.parameters.values())
    if (info.role === 'kernel' && info.pretrained)
      expect([...valuesOf(session.bank).get(info.name)!]).not.toEqual([...setup.w0.get(info.name)!.data])
  expect(session.active.mode('stem.bn')).toBe('train')
  await session.dispose()
})

test('last-k refuses more stages than there are', async () => {
  await expect(openMember(member('last-k', { k: 99 }))).rejects.toThrow(
    /stages below the head, not 99; write a number from 0 to/,
  )
})

test('U3 the finished network of lp-ft has no layer of its own left and gives the same scores', async () => {
  const sink = new Collected()
  const session = await openMember(member('lp-ft'), sink)
  while (!session.done) await session.step()
  await session.checkpoint()
  const values = await unpackTensors(sink.checkpoints.at(-1)!.files.get('weights.safetensors')!, 'weights')
  const plain = foldStandardisation(session.graph, values)
  expect([...plain.graph.parameters.keys()].filter((name) => name.startsWith('head'))).toEqual([
    'head.weight',
    'head.bias',
  ])
  const bank = createBank(plain.values)
  for await (const batch of session.setup.images.evaluation('test', session.setup.size, 12)) {
    const x = imagesOf(batch)
    const score = (graph: NetworkGraph, parameters: ParameterBank) =>
      tf.tidy(() => [...runGraph(graph, x, { parameters }).output.dataSync()])
    const folded = score(plain.graph, bank)
    score(session.graph, session.bank).forEach((value, i) => expect(folded[i]).toBeCloseTo(value, 4))
    x.dispose()
  }
  bank.dispose()
  await session.dispose()
})

test('scratch moves running statistics by its own momentum, not by that of the pre-trained network', async () => {
  const drift = async (batchNormMomentum: number) => {
    const session = await openMember(member('scratch', { batchNormMomentum }))
    const name = session.bank.names().find((one) => one.endsWith('running_mean'))!
    const before = valuesOf(session.bank).get(name)!
    await session.step()
    const after = valuesOf(session.bank).get(name)!
    await session.dispose()
    return Math.hypot(...after.map((value, i) => value - before[i]!))
  }
  const [quarter, half] = [await drift(0.25), await drift(0.5)]
  expect(quarter).toBeGreaterThan(0)
  expect(half / quarter).toBeCloseTo(2, 5)
})
