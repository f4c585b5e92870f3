import { describe, expect } from 'vitest'
import { pairsOf } from '../../src/engine/strategies/l2t-ww/pairs'
import { tinySpec } from '../unit/train/fixture'
import { LIMITS, repeats } from './support'

const spec = (options: Record<string, unknown>) =>
  tinySpec(
    { name: 'l2t-ww', ...options },
    {
      model: { headStd: 0.5 },
      train: {
        steps: 6,
        schedule: { name: 'constant', warmup: 0 },
        optimizer: { name: 'sgd', rate: 0.03, momentum: 0.9, weightDecay: 0.01 },
      },
    },
  )

const mistakes = [
  'first order',
  'momentum left out',
  'meta step first',
  'statistics move',
  'uniform channels',
]

describe.each([
  [
    'random start, SGD on the meta-networks',
    { metaOptimizer: 'sgd', metaRate: 0.5, metaDecay: 0.01 },
    mistakes,
  ],
  ['random start, Adam', { metaRate: 0.01 }, []],
  [
    'pre-trained start, three steps ahead, one-to-one, idle parameters rest',
    {
      start: 'pretrained',
      transferSteps: 3,
      pairs: 'one-to-one',
      idle: 'rest',
      metaOptimizer: 'sgd',
      metaRate: 0.5,
    },
    [],
  ],
  [
    'statistics as the release leaves them, constant strengths, every other step',
    { rollback: 'release', strengthForm: 'constant', metaEvery: 2, metaOptimizer: 'sgd', metaRate: 0.5 },
    [],
  ],
] as const)('L2T-ww, %s', (_, options, seen) => {
  repeats('l2t-ww.py', spec(options), {
    mistakes: seen,
    limits: { ...LIMITS, movement: 5e-3 },
    told({ session: { graph, setup, spec: file } }) {
      const teacher = setup.teacher!.graph
      const { all } = pairsOf({ graph, spec: file, teacher }, setup.options as never)
      expect(all.length).toBeGreaterThan(1)
      return { pairs: all }
    },
  })
})
