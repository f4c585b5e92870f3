import { describe } from 'vitest'
import { tinySpec } from '../unit/train/fixture'
import { residualModel } from './networks'
import { repeats } from './support'

// a policy network on pictures of 8 px would normalise over twelve values, which float32 does not survive; its biases
// start at 0 and move by 1e-6, hence the limit on values
const limits = { losses: 1e-5, values: 2e-4, movement: 1e-3 }

const spec = (options: Record<string, unknown>, train: Record<string, unknown> = {}) =>
  tinySpec(
    { name: 'spottune', policyRate: 0.05, policySize: 32, compare: false, ...options },
    {
      backend: 'wasm',
      train: {
        steps: 5,
        batchSize: 12,
        seed: 0,
        optimizer: { name: 'sgd', rate: 0.05, headRate: 0.05, weightDecay: 1e-3 },
        ...train,
      },
    },
  )

const released = { frozenNorms: 'adapted', stem: 'tuned', others: 'tuned', mix: 'activation' }
const mistakes = [
  'temperature 1',
  'the first of a pair tunes',
  'the frozen branch trains',
  'one rate for both',
  'soft gates',
  'branches meet elsewhere',
]

describe.each([
  ['as the authors train it', spec(released), mistakes.filter((name) => name !== 'one rate for both')],
  ['as the paper says', spec({}), mistakes.filter((name) => name !== 'one rate for both')],
  [
    'with the global policy, on running statistics',
    spec({ k: 2, lambda1: 0.5, lambda2: 0.1, policyRate: 0.02 }, { batchNorm: 'eval_affine' }),
    mistakes,
  ],
  ['with routes of another image', spec({ policy: 'shuffled' }, { batchNorm: 'eval_affine' }), []],
])('SpotTune %s', (_, run, wrong) => {
  repeats('spottune.py', run, { model: residualModel(), mistakes: wrong, limits })
})
