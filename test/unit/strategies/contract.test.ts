import { beforeAll, describe, expect, test } from 'vitest'
import { catalog } from '../../../src/engine/strategies/catalog'
import { strategies } from '../../../src/engine/strategies/registry'
import {
  exportsWhatItEvaluated,
  finish,
  gradientsReachOnlyWhatTrains,
  keepsMemoryFlat,
  keepsTheSource,
  resumesBitEqual,
  scoresImagesAlone,
  type Finished,
  type Member,
} from './contract'

/** Options that make a run of six steps pass through every phase. */
const variants: Record<string, Record<string, unknown>[]> = {
  'linear-probe': [{}, { solver: 'sgd' }],
  gradual: [{ every: 1 }],
  'lp-ft': [{}, { solver: 'sgd', probeSteps: 2 }],
  adafilter: [
    { width: 6, hidden: 5 },
    {
      width: 6,
      hidden: 5,
      cell: 'gru',
      statistics: 'selected',
      estimator: 'gumbel',
      stem: true,
      others: 'tuned',
    },
    { width: 6, hidden: 5, gates: 'shuffled', gatedNorm: false, frozenNorms: 'frozen', pointwise: false },
    { width: 6, hidden: 5, gates: 'random', compare: false },
    { gates: 'all-frozen' },
  ],
  spottune: [
    {},
    { blocks: 'all', k: 1, lambda2: 0.5 },
    { policy: 'shuffled', frozenNorms: 'adapted', others: 'tuned', warmup: 2 },
    { policy: 'random', blocks: 'all', gather: true },
    { policy: 'all-frozen', frozenNorms: 'adapted' },
    { network: 'pretrained', stem: 'tuned', policyOptimizer: 'adam' },
  ],
  // never ends early, so that every phase is seen
  transtailor: [
    { rounds: 2, tau: 100, budget: 0.2 },
    {
      rounds: 2,
      tau: 100,
      budget: 0.2,
      init: 'random',
      scaleMode: 'beta-norm',
      residual: 'tied',
      returns: 'best',
    },
    { rounds: 2, tau: 100, budget: 0.2, selection: 'random', scaleMode: 'none', accumulate: 'abs-of-sum' },
  ],
  delta: [
    { attentionBatches: 1, attentionBatchSize: 6 },
    { attention: 'gradient', recipe: 'paper', head: 'fitted' },
    { form: 'feature-map' },
  ],
  fitnets: [
    { hintSteps: 2 },
    {
      hintSteps: 3,
      start: 'pretrained',
      guided: 'stem',
      hint: 'stage1',
      regressor: 'valid',
      hintLoss: 'half-sum',
    },
    { training: 'joint', hintWeight: 10 },
  ],
  // a rate at which the meta-networks are seen to move
  'l2t-ww': [
    { metaRate: 0.01 },
    {
      metaRate: 0.01,
      start: 'pretrained',
      pairs: 'single',
      transferSteps: 1,
      idle: 'rest',
      strengthForm: 'constant',
    },
    { metaRate: 0.1, metaEvery: 2, metaOptimizer: 'sgd', pairs: 'one-to-one', rollback: 'release' },
    { channels: 'uniform', strengths: 'fixed' },
  ],
  'hybrid-forward': [
    {},
    { adapters: 'all', balance: 'ema', teacherNorms: 'batch' },
    { routes: 'random', adapters: 'all', balance: 'fixed', alpha: 0.4 },
    { balance: 'schedule', cuts: 0 },
    { start: 'random', cuts: [{ student: 'a.relu', teacher: 'stem.relu' }], largest: 0.7 },
  ],
  'l2-sp': [
    {},
    { form: 'loss', scope: 'all' },
    { variant: 'l2-sp-fisher', fisher: { images: 6 } },
    { variant: 'group-lasso-sp', form: 'proximal', alpha: 0.5 },
    { variant: 'l1-sp', alpha: 0.01 },
  ],
}

/** What a look-ahead can differentiate through. */
const sgd = { train: { optimizer: { name: 'sgd', rate: 0.03, momentum: 0.9, weightDecay: 1e-3 } } }

/** More of the run file, where options alone are refused. */
const files: Record<string, Record<string, unknown>> = { 'l2t-ww': sgd }

/** Members whose finished network folds layers together. */
const folding = new Set(['lp-ft'])

test('the catalogue that front ends read and the registry hold the same strategies', () => {
  expect(catalog.map(({ name }) => name)).toEqual([...strategies.keys()])
  for (const meta of catalog) expect(strategies.get(meta.name)!.meta).toBe(meta)
})

const members = [...strategies.values()].flatMap((strategy) =>
  (variants[strategy.meta.name] ?? [{}]).map((options, variant): [string, Member, number] => [
    `${strategy.meta.name} ${JSON.stringify(options)}`,
    { strategy, options, file: files[strategy.meta.name], folds: folding.has(strategy.meta.name) },
    variant,
  ]),
)

describe.each(members)('%s', (_name, member, variant) => {
  let finished: Finished
  beforeAll(async () => {
    finished = await finish(member)
  })
  test('U1 leaves the pre-trained values as they are', () => keepsTheSource(finished))
  test('U3 the finished network gives the scores that were evaluated', () => exportsWhatItEvaluated(finished))
  test('U6 scores each image by itself', () => scoresImagesAlone(finished))
  test('keeps memory flat and leaves nothing behind', () => keepsMemoryFlat(finished))
  test('U4 gradients reach what trains and nothing else', () => gradientsReachOnlyWhatTrains(member))
  // a checkpoint after each step: in a run of several phases they lie at every border and inside every phase
  // (all of them for a strategy's first variant: each is a run of its own)
  test('U5 resumes bit-equal from any step', () =>
    resumesBitEqual(member, (n, phases) =>
      variant === 0 && phases > 1 ? Array.from({ length: n }, (_, i) => i) : n > 0 ? [n >> 1] : [],
    ))
})
