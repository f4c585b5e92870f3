import { beforeAll, describe, test } from 'vitest'
import { cutGraph } from '../../src/engine/network'
import type { LoadedModel } from '../../src/engine/network/types'
import { strategies } from '../../src/engine/strategies/registry'
import {
  exportsWhatItEvaluated,
  finish,
  keepsMemoryFlat,
  keepsTheSource,
  resumesBitEqual,
  scoresImagesAlone,
  type Member,
} from '../unit/strategies/contract'
import { noiseImages, realModel } from '../unit/strategies/realNetworks'

/** Options with which three steps pass through every phase, on any of the networks. */
const eight: Record<string, { options?: Record<string, unknown>; train?: Record<string, unknown> }> = {
  'l2-sp': { options: { form: 'loss' } },
  delta: {
    options: { attention: 'gradient', attentionBatches: 1, attentionBatchSize: 2, headSteps: 1, alpha: 1 },
  },
  'hybrid-forward': { options: { compare: false } },
  fitnets: { options: { start: 'pretrained', hintSteps: 1 } },
  'l2t-ww': {
    options: { start: 'pretrained', pairs: 'one-to-one', transferSteps: 1, metaEvery: 2 },
    train: { optimizer: { name: 'sgd', rate: 0.001, momentum: 0.9 } },
  },
  transtailor: { options: { rounds: 1, tau: 100, headSteps: 1, factorSteps: 1 } },
  spottune: { options: { blocks: 'all', compare: false } },
  adafilter: { options: { width: 8, hidden: 8, compare: false } },
}

/**
 * The contract beyond the tiny network: each kind of network, cut where it begins to repeat itself (the whole ones take
 * steps in the tests of each strategy).
 */
const networks: Record<string, string> = {
  'thaw:efficientnet-lite0': 'stage2',
  resnet18: 'stage2',
  resnet50: 'stage2',
  mobilenet_v2: 'stage2',
  small_cnn: 'stage3',
}

const models = new Map<string, LoadedModel>()
beforeAll(async () => {
  for (const [name, cut] of Object.entries(networks)) {
    const { graph: whole, ...model } = await realModel(name)
    const graph = cutGraph(whole, cut)
    const values = new Map([...model.values].filter(([value]) => graph.parameters.has(value)))
    models.set(name, { ...model, graph, values })
  }
})

const member = (name: string, network: string): Member => ({
  strategy: strategies.get(name)!,
  options: eight[name]!.options,
  // ties that rounding decides otherwise for two images than for one are no matter of the strategy
  file: {
    backend: 'wasm',
    model: { inputSize: 32, dropout: 0 },
    data: { transforms: 'none' },
    train: {
      steps: 3,
      batchSize: 2,
      measureEvery: 1000,
      optimizer: { name: 'sgd', rate: 0.001 },
      ...eight[name]!.train,
    },
  },
  parts: () => ({ model: models.get(network)!, images: noiseImages(2) }),
})

describe.each(
  Object.keys(eight).flatMap((name) => Object.keys(networks).map((network) => [name, network] as const)),
)('%s on %s', (name, network) => {
  test('keeps the source, exports what it evaluated, scores each image by itself, leaves nothing behind', async () => {
    const finished = await finish(member(name, network))
    await keepsTheSource(finished)
    await exportsWhatItEvaluated(finished)
    await scoresImagesAlone(finished)
    await keepsMemoryFlat(finished)
  })
  test('resumes bit-equal from the middle', () => resumesBitEqual(member(name, network), (n) => [n >> 1]))
})
