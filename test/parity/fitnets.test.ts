import { describe, expect } from 'vitest'
import { attachHead } from '../../src/engine/network'
import type { LoadedModel } from '../../src/engine/network/types'
import { RandomStream } from '../../src/engine/random'
import { hintOf } from '../../src/engine/strategies/fitnets/hint'
import { scoresLayer } from '../../src/engine/strategies/fitnets/softTargets'
import { tinyModel, tinySpec } from '../unit/train/fixture'
import { repeats, WITHOUT_DECAY } from './support'

/** Other values than the student's, and a classifier of the three classes. */
function teacher(): LoadedModel {
  const { graph, values, source } = tinyModel(11)
  const head = attachHead(graph, { classes: 3, dropout: 0, std: 0.5, random: new RandomStream(5, 'teacher') })
  return { graph: head.graph, values: new Map([...values, ...head.values]), source }
}

const spec = (options: Record<string, unknown>, rate: number) =>
  tinySpec(
    { name: 'fitnets', ...options },
    {
      model: { headStd: 0.5 },
      train: {
        steps: 9,
        schedule: { name: 'cosine', warmup: 0.2 },
        optimizer: { name: 'sgd', rate, momentum: 0.9, weightDecay: 0.01 },
      },
    },
  )

describe.each([
  [
    'two stages and soft targets',
    { softTargets: true },
    ['lambda constant', 'temperature squared', 'hint trains all'],
    0.02,
  ],
  [
    'half the sum, a regressor without padding, pre-trained start',
    {
      start: 'pretrained',
      guided: 'stem',
      hint: 'stage1',
      regressor: 'valid',
      hintLoss: 'half-sum',
      hintSteps: 4,
    },
    ['without the half'],
    0.0003,
  ],
  ['both losses at once', { training: 'joint', hintWeight: 10, hint: 'stage2', guided: 'stage1' }, [], 0.02],
] as const)('FitNets, %s', (_, options, mistakes, rate) => {
  repeats('fitnets.py', spec(options, rate), {
    mistakes,
    limits: WITHOUT_DECAY,
    parts: { teacher: teacher() },
    told({ session: { graph, setup, spec: file } }) {
      const found = hintOf({ graph, spec: file, teacher: setup.teacher!.graph }, setup.options as never)
      expect(found.hint.layer).toBeDefined()
      const scores = scoresLayer(setup.teacher!.graph, 3)
      return { hint: found.hint.layer, guided: found.guided.layer, scores }
    },
  })
})
