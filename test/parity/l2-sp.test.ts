import { afterAll, beforeAll, describe, test } from 'vitest'
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

const spec = (options: Record<string, unknown>) =>
  tinySpec(
    { name: 'l2-sp', form: 'loss', alpha: 0.5, beta: 0.2, ...options },
    {
      train: {
        steps: 10,
        batchNorm: 'train',
        optimizer: { name: 'sgd', rate: 0.02, momentum: 0.9, weightDecay: 0.01 },
      },
    },
  )

describe.each([
  ['l2-sp', {}],
  ['l2-sp-fisher', { fisher: { images: 6, normalise: true } }],
  ['l1-sp', { alpha: 0.002, smoothed: true }],
  ['group-lasso-sp', { alpha: 0.02 }],
  ['group-lasso-sp-fisher', { alpha: 0.02, fisher: { images: 6, normalise: true } }],
  ['l1-sp', { alpha: 0.02, form: 'proximal' }],
  ['group-lasso-sp', { alpha: 0.05, form: 'proximal' }],
] as const)('%s %j', (variant, options) => {
  const mistakes = ['towards zero', 'biases and scales too', 'twice as strong']
  let ours: Recorded
  let theirs: Theirs[]

  beforeAll(async () => {
    ours = await record(spec({ variant, ...options }))
    theirs = python('l2-sp.py', [
      { run: ours },
      ...mistakes.map((mistake) => ({ run: ours, told: { mistake } })),
    ])
  })
  afterAll(() => ours.dispose())

  test('takes the steps of PyTorch in float64', () => expectAgreement(ours, theirs[0]!, limits))
  test.each(mistakes.map((mistake, i) => [mistake, i + 1] as const))('%s is seen', (_mistake, i) =>
    expectDisagreement(ours, theirs[i]!, limits),
  )
})
