import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { layerCosts, takeRows, type KeptAxes } from '../../src/engine/network'
import type { PlainValue } from '../../src/engine/network/types'
import { SIDE, tinySpec } from '../unit/train/fixture'
import { residualModel } from './networks'
import { expectAgreement, expectDisagreement, python, record, type Recorded, type Theirs } from './support'

interface Extra {
  /** Filters left of the first convolution of each block. */
  kept: Record<string, number[]>
  multiplyAdds: number
}

const sgd = { name: 'sgd', rate: 0.02, headRate: 0.1, momentum: 0.9, weightDecay: 5e-3 }
const adamw = { name: 'adamw', rate: 1e-3, weightDecay: 5e-2, epsilon: 1e-4 }

const spec = (options: Record<string, unknown>, optimizer: Record<string, unknown>, batchNorm?: string) =>
  tinySpec(
    {
      name: 'transtailor',
      rounds: 2,
      tau: 100,
      budget: 0.15,
      headSteps: 3,
      factorSteps: 3,
      factorRate: 0.2,
      ...options,
    },
    { model: { dropout: 0 }, train: { steps: 19, batchSize: 7, optimizer, batchNorm } },
  )

/** Rows that are left of a parameter in PyTorch's layout, by the names of a ResNet of basic blocks. */
function rowsOf(name: string, rank: number, kept: Extra['kept']): KeptAxes {
  const [, own, block, layer] = /^(transtailor\.)?(layer\d\.\d)\.(conv1|bn1|conv2)\./.exec(name) ?? []
  const left = block === undefined ? undefined : kept[block]
  if (!left || (own && layer !== 'conv1')) return []
  return Array.from({ length: rank }, (_, axis) => (axis === (layer === 'conv2' ? 1 : 0) ? left : undefined))
}

/** Both sides with only the rows that they say are left: ours have been cut, theirs are masked. */
function aligned(run: Recorded, theirs: Theirs<Extra>): { run: Recorded; theirs: Theirs } {
  const start = new Map<string, PlainValue>()
  const values: Theirs['values'] = {}
  for (const [name, value] of run.start) {
    const rows = rowsOf(name, value.shape.length, theirs.extra.kept)
    start.set(name, takeRows(value, rows))
    const data = Float32Array.from(theirs.values[name]!)
    values[name] = [...takeRows({ shape: value.shape, data }, rows).data]
  }
  return { run: { ...run, start }, theirs: { ...theirs, values } }
}

describe.each([
  ['SGD, factors kept', spec({}, sgd)],
  ['SGD, batch statistics, normalised importance', spec({ scaleMode: 'beta-norm' }, sgd, 'train')],
  // one round: a second one's factors would move by less than float32 can tell from 1 behind so small a scale
  ['AdamW, bare importance of sums', spec({ rounds: 1, scaleMode: 'beta', accumulate: 'abs-of-sum' }, adamw)],
] as const)('TransTailor, %s', (label, run) => {
  const mistakes = [
    'the last batch only',
    'scale left out',
    'filters train with the factors',
    // the factors' own sizes do not change their order here
    ...(run.strategy.scaleMode === undefined ? [] : ['gradient alone']),
    ...(run.train.batchNorm === 'train' ? ['factor before the norm'] : []),
  ]
  let ours: Recorded
  let theirs: Theirs<Extra>[]

  beforeAll(async () => {
    ours = await record(run, { model: residualModel() })
    theirs = python<Extra>('transtailor.py', [
      { run: ours },
      ...mistakes.map((mistake) => ({ run: ours, told: { mistake } })),
    ])
  })
  afterAll(() => ours.dispose())

  test(`takes the steps of the masked network in PyTorch (${label})`, () => {
    const { run: cut, theirs: masked } = aligned(ours, theirs[0]!)
    expectAgreement(cut, masked)
  })
  test('cuts the same filters, worth the same multiply-adds', () => {
    const { kept, multiplyAdds } = theirs[0]!.extra
    const { graph } = ours.session
    for (const [block, left] of Object.entries(kept))
      expect(graph.parameters.get(`${block}.conv1.weight`)!.shape[3]).toBe(left.length)
    const counted = layerCosts(graph, [SIDE, SIDE, 3]).reduce((sum, cost) => sum + cost.multiplyAdds, 0)
    expect(counted).toBe(multiplyAdds)
    expect(Object.values(kept).some((left) => left.length < 4)).toBe(true)
  })
  test.each(mistakes.map((mistake, i) => [mistake, i + 1] as const))('%s is seen', (_mistake, i) => {
    const { run: cut, theirs: wrong } = aligned(ours, theirs[i]!)
    expectDisagreement(cut, wrong)
  })
})
