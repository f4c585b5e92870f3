import { describe, expect } from 'vitest'
import { hooksOf } from '../../src/engine/strategies/delta/hooks'
import { tinySpec } from '../unit/train/fixture'
import { repeats, WITHOUT_DECAY } from './support'

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
  repeats('delta.py', spec(recipe, alpha), {
    mistakes,
    limits: WITHOUT_DECAY,
    told({ session: { graph, setup } }) {
      const layers = hooksOf(graph, setup.stages, {}).map(({ layer }) => layer)
      expect(layers.length).toBeGreaterThan(1)
      return { layers }
    },
  })
})
