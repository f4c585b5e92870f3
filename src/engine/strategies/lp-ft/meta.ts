import { z } from 'zod'
import type { StrategyMeta } from '../types'

export const options = z.strictObject({
  solver: z
    .enum(['lbfgs', 'sgd'])
    .default('lbfgs')
    .describe(
      "How the probe is fitted: at once on cached features, or by `probeSteps` steps of the run's optimizer",
    ),
  probeSteps: z.int().min(1).optional().describe('Steps of the probe with `sgd`; default a third of the run'),
  l2: z.number().min(0).max(1e6).default(0.1).describe('Strength of the L2 penalty on the probe (`lbfgs`)'),
  mirror: z
    .boolean()
    .default(true)
    .describe('Also fit the probe on the mirror image of each image (`lbfgs`)'),
  standardise: z
    .boolean()
    .default(true)
    .describe(
      'Fit on standardised features; the scales stay in the network as a fixed layer before the head',
    ),
  iterations: z.int().min(1).max(100_000).default(1000).describe('Most iterations of the solver (`lbfgs`)'),
  headFactor: z
    .number()
    .positive()
    .max(1000)
    .default(1)
    .describe(
      "Rate of the head over the backbone's while fine-tuning: the probe is already good, it needs no fast steps",
    ),
})

export const meta: StrategyMeta = {
  name: 'lp-ft',
  title: 'Probe, then fine-tune',
  type: 'baseline',
  summary:
    'First fits the head on frozen features, then trains everything from there, so that a random head cannot spoil the features.',
  source:
    'Kumar et al., "Fine-Tuning can Distort Pretrained Features and Underperform Out-of-Distribution", ICLR 2022, arXiv 2202.10054',
  cost: '1x and the probe: one forward pass over the images',
  options,
}
