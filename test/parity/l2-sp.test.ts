import { describe } from 'vitest'
import { tinySpec } from '../unit/train/fixture'
import { repeats, WITHOUT_DECAY } from './support'

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
  repeats('l2-sp.py', spec({ variant, ...options }), { mistakes, limits: WITHOUT_DECAY })
})
