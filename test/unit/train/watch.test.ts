import { expect, test } from 'vitest'
import type { Metrics } from '../../../src/events/types'
import { TrainingSession, trainRun } from '../../../src/engine/train'
import { judge, type BestState } from '../../../src/engine/train/earlyStopping'
import { Pace } from '../../../src/engine/train/pace'
import { differences, valuesOf, weightsOf } from '../strategies/contract'
import { Collected, environment, tinyParts, tinySpec } from './fixture'

const metrics = (accuracy: number, loss = 1) =>
  ({ accuracy, loss, balancedAccuracy: accuracy, macroF1: accuracy }) as Metrics

test('the best evaluation is remembered, and what is no number is never better', () => {
  let best: BestState | undefined
  for (const [step, value] of [
    [1, 0.5],
    [2, NaN],
    [3, 0.7],
    [4, 0.6],
    [5, 0.7],
  ] as const)
    best = judge(best, 'accuracy', metrics(value), step)
  expect(best).toEqual({ step: 3, value: 0.7, worse: 2 })
  expect(judge(judge(undefined, 'loss', metrics(0, 2), 1), 'loss', metrics(0, 1), 2)).toEqual({
    step: 2,
    value: 1,
    worse: 0,
  })
})

test('a run stops early when patience runs out, and ends with the best weights', async () => {
  const spec = tinySpec('full', {
    // a rate that only does harm after the first evaluations
    train: {
      steps: 30,
      evaluateEvery: 1,
      keep: 'best',
      earlyStopping: { patience: 3, metric: 'loss' },
      checkpoints: { every: 1, last: 100 },
      optimizer: { name: 'sgd', rate: 0.3, headRate: 3, momentum: 0 },
      schedule: { name: 'constant', warmup: 0 },
    },
  })
  const sink = new Collected()
  const outcome = await trainRun(spec, environment(sink), tinyParts(spec))
  expect(outcome.state).toBe('finished')
  expect(outcome.step).toBeLessThan(30)
  const evals = sink
    .of('eval')
    .filter(({ split }) => split === 'val')
    .map(({ step, metrics: m }) => ({ step, loss: m.loss }))
  const best = evals.reduce((a, b) => (b.loss < a.loss ? b : a))
  expect(outcome.step).toBe(best.step + 3)
  const end = await weightsOf(sink.checkpoints.at(-1)!.files)
  const atBest = sink.checkpoints.find(({ step }) => step === best.step)!
  expect(differences(end, await weightsOf(atBest.files))).toEqual([])
})

test('the pace of measures keeps recording under one hundredth of the time', () => {
  const pace = new Pace(undefined)
  let [recorded, trained, measures] = [0, 0, 0]
  for (let step = 1; step <= 2000; step++) {
    const ms = 10 + (step % 7)
    pace.trainedFor(ms)
    trained += ms
    if (pace.due(step)) {
      pace.measured(step, 4)
      recorded += 4
      measures++
    }
  }
  expect(recorded / trained).toBeLessThan(0.0101)
  expect(recorded / trained).toBeGreaterThan(0.009)
  expect(measures).toBeGreaterThan(50)
  expect(pace.every).toBeGreaterThanOrEqual(30)
})

test('a fixed pace measures every so many steps, through a resume', () => {
  const pace = new Pace(5)
  const due: number[] = []
  for (let step = 1; step <= 20; step++)
    if (pace.due(step)) {
      due.push(step)
      pace.measured(step, 100)
    }
  expect(due).toEqual([1, 6, 11, 16])
  const other = new Pace(5)
  other.restore(pace.toJSON())
  expect([other.due(20), other.due(21)]).toEqual([false, true])
})

test('averaging three batches of four is one step on twelve', async () => {
  const after = async (train: Record<string, unknown>) => {
    const spec = tinySpec('full', {
      model: { dropout: 0 },
      data: { transforms: 'none', shuffle: false },
      train: { steps: 1, ...train },
    })
    const session = await TrainingSession.open(spec, environment(), tinyParts(spec))
    await session.step()
    const values = valuesOf(session.bank)
    await session.dispose()
    return values
  }
  const optimizer = { name: 'sgd', rate: 0.05, momentum: 0 }
  const parts = await after({ batchSize: 4, optimizer: { ...optimizer, accumulate: 3 } })
  const whole = await after({ batchSize: 12, optimizer })
  for (const [name, values] of whole)
    values.forEach((value, i) => expect(parts.get(name)![i]).toBeCloseTo(value, 6))
})

test('images that cannot change are seen by a frozen prefix once', async () => {
  for (const [data, kept] of [
    [{ transforms: 'none' }, true],
    [{ views: 2 }, true],
    [{}, false],
  ] as const) {
    const spec = tinySpec('last-k', { data, train: { steps: 12 } })
    const session = await TrainingSession.open(spec, environment(), tinyParts(spec))
    expect(session.features.layer).toBe('a.relu')
    while (await session.step());
    const { views } = spec.data
    expect(session.features.cache.size).toBe(kept ? 24 * (views ?? 1) : 0)
    await session.dispose()
  }
})

test('kept features are forgotten when what is below them changes', async () => {
  const spec = tinySpec('last-k', { train: { steps: 8 } })
  const session = await TrainingSession.open(spec, environment(), tinyParts(spec))
  for (let i = 0; i < 4; i++) await session.step()
  expect(session.features.cache.size).toBe(24)
  await session.apply({ do: 'unfreeze', layers: ['stage1'] }, 'test')
  expect(session.features.layer).toBe('stem.relu')
  await session.step()
  await session.apply({ do: 'freeze', layers: ['stage1'] }, 'test')
  await session.step()
  expect(session.features.layer).toBe('a.relu')
  expect(session.features.cache.size).toBe(6)
  await session.dispose()
})

test('an own list of phases decides what trains when', async () => {
  const spec = tinySpec('full', {
    freeze: [
      { name: 'head first', steps: 2, train: ['head'] },
      { name: 'then the top', train: ['head', 'stage2'], batchNorm: 'train' },
    ],
  })
  const sink = new Collected()
  const session = await TrainingSession.open(spec, environment(sink), tinyParts(spec))
  const start = valuesOf(session.bank)
  await session.step()
  await session.step()
  expect(differences(start, valuesOf(session.bank)).sort()).toEqual(['head.bias', 'head.weight'])
  while (await session.step());
  const moved = differences(start, valuesOf(session.bank))
  expect(moved).toContain('c.bn.running_mean')
  expect(moved.some((name) => /^(stem|a)\./.test(name))).toBe(false)
  expect(sink.of('phase').map(({ phase }) => [phase.name, phase.from, phase.to])).toEqual([
    ['then the top', 2, 6],
  ])
  expect(sink.of('alarm')).toEqual([])
  await session.dispose()
})
