import { describe } from 'vitest'
import { tinySpec } from '../unit/train/fixture'
import { residualModel } from './networks'
import { repeats } from './support'

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
  repeats('full.py', run, {
    model,
    mistakes: ['decay left out', 'one rate for all', 'running statistics'],
  })
})
