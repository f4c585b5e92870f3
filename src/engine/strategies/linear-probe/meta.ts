import { z } from 'zod'
import type { StrategyMeta } from '../types'

export const options = z.strictObject({
  solver: z
    .enum(['lbfgs', 'sgd'])
    .default('lbfgs')
    .describe(
      '`lbfgs` computes the features once and solves the head exactly; `sgd` trains the head by steps, as `train` says',
    ),
  l2: z.number().min(0).max(1e6).default(0.1).describe('Strength of the L2 penalty on the head (`lbfgs`)'),
  mirror: z.boolean().default(true).describe('Also learn from the mirror image of each image (`lbfgs`)'),
  standardise: z
    .boolean()
    .default(true)
    .describe(
      'Solve on features of mean 0 and deviation 1; the scales are folded into the finished head (`lbfgs`)',
    ),
  iterations: z.int().min(1).max(100_000).default(1000).describe('Most iterations of the solver (`lbfgs`)'),
})

export const meta: StrategyMeta = {
  name: 'linear-probe',
  title: 'Linear probe',
  type: 'baseline',
  summary:
    'Keeps the whole network frozen and fits one linear layer on its features; seconds, and hard to beat with few images.',
  source:
    'Alain, Bengio, "Understanding intermediate layers using linear classifier probes", 2016, arXiv 1610.01644',
  cost: 'one forward pass over the images, then seconds; features of all images in memory',
  options,
}
