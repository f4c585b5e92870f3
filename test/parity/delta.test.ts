import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hooksOf } from '../../src/engine/strategies/delta/hooks'
import { tinySpec } from '../unit/train/fixture'
import {
  expectAgreement,
  expectDisagreement,
  LIMITS,
  python,
  record,
  type Recorded,
  type Theirs,
} from './support'

// without decay, a batch norm's scale in front of another batch norm hardly moves: its gradient cancels to rounding
const limits = { ...LIMITS, movement: 0.05 }

const spec = (recipe: string, alpha: number) =>
  tinySpec(
    { name: 'delta', recipe, alpha, beta: 0.05, headSteps: 0, attentionBatches: 1, attentionBatchSize: 24 },
    {
      model: { headStd: 0.5 },
      train: {
        steps: 8,
        batchNorm: 'train',
        optimizer: { name: 'sgd', rate: 0.01, momentum: 0.9, weightDecay: 0.01 },
      },
    },
  )

describe.each([
  ['release', 0.05, ['not standardised', 'temperature left out', 'mean over the batch']],
  ['paper', 0.02, []],
] as const)('DELTA, %s', (recipe, alpha, mistakes) => {
  let ours: Recorded
  let theirs: Theirs[]

  beforeAll(async () => {
    ours = await record(spec(recipe, alpha))
    const { graph, setup } = ours.session
    const layers = hooksOf(graph, setup.stages, {}).map(({ layer }) => layer)
    expect(layers.length).toBeGreaterThan(1)
    theirs = python('delta.py', [
      { run: ours, told: { layers } },
      ...mistakes.map((mistake) => ({ run: ours, told: { layers, mistake } })),
    ])
  })
  afterAll(() => ours.dispose())

  test('measures and takes the steps of PyTorch in float64', () => expectAgreement(ours, theirs[0]!, limits))
  test.each(mistakes.map((mistake, i) => [mistake, i + 1] as const))('%s is seen', (_mistake, i) =>
    expectDisagreement(ours, theirs[i]!, limits),
  )
})
