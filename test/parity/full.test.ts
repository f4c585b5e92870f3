import { afterAll, beforeAll, describe, test } from 'vitest'
import { tinySpec } from '../unit/train/fixture'
import { residualModel } from './networks'
import { expectAgreement, expectDisagreement, python, record, type Recorded, type Theirs } from './support'

const sgd = { name: 'sgd', rate: 0.01, momentum: 0.9, nesterov: true, weightDecay: 5e-2 }
// with the usual epsilon Adam would divide the rounding of gradients that cancel by itself
const adamw = { name: 'adamw', rate: 1e-3, weightDecay: 5e-2, epsilon: 1e-4 }

const spec = (optimizer: Record<string, unknown>) =>
  tinySpec('full', { train: { steps: 12, optimizer, batchNorm: 'train' } })

describe.each([
  ['SGD with momentum, tiny network', spec(sgd), undefined],
  ['AdamW, tiny network', spec(adamw), undefined],
  ['SGD with momentum, residual network', spec(sgd), residualModel()],
] as const)('full fine-tuning, %s', (_, run, model) => {
  const mistakes = ['decay left out', 'one rate for all', 'running statistics']
  let ours: Recorded
  let theirs: Theirs[]

  beforeAll(async () => {
    ours = await record(run, { model })
    theirs = python('full.py', [
      { run: ours },
      ...mistakes.map((mistake) => ({ run: ours, told: { mistake } })),
    ])
  })
  afterAll(() => ours.dispose())

  test('takes the steps of PyTorch in float64', () => expectAgreement(ours, theirs[0]!))
  test.each(mistakes.map((mistake, i) => [mistake, i + 1] as const))('%s is seen', (_mistake, i) =>
    expectDisagreement(ours, theirs[i]!),
  )
})
