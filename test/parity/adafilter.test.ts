import { describe } from 'vitest'
import { tinySpec } from '../unit/train/fixture'
import { residualModel } from './networks'
import { repeats } from './support'

// biases of gates start at 0 and move by 1e-7 in so few steps
const limits = { losses: 1e-6, values: 2e-3, movement: 2e-3 }

const spec = (options: Record<string, unknown>, train: Record<string, unknown> = {}) =>
  tinySpec(
    { name: 'adafilter', width: 6, hidden: 5, bias: 0, gateRate: 0.2, compare: false, ...options },
    {
      train: {
        steps: 5,
        batchSize: 12,
        seed: 1,
        optimizer: { name: 'sgd', rate: 0.05, headRate: 0.05, weightDecay: 1e-3 },
        ...train,
      },
    },
  )

const always = [
  'the state is not handed on',
  "the gate's slope is 1 by the logit",
  'gates the other way round',
  'one rate for both',
]

describe.each([
  ['by default', spec({}), [...always, 'one norm for both banks']],
  [
    'with a gru, Gumbel gates, statistics of those that chose',
    spec({ cell: 'gru', estimator: 'gumbel', temperature: 2, statistics: 'selected' }),
    [...always, 'statistics over all images'],
  ],
  [
    'with frozen norms, on running statistics',
    spec({ frozenNorms: 'frozen' }, { batchNorm: 'eval_affine' }),
    always,
  ],
  ['selected first, then normalised', spec({ gatedNorm: false }), []],
  ['with the gates of another image', spec({ gates: 'shuffled', estimator: 'gumbel' }), []],
])('AdaFilter, the reconstruction, %s', (_, run, wrong) => {
  repeats('adafilter.py', run, { model: residualModel(), mistakes: wrong, limits })
})
