import { z } from 'zod'
import type { StrategyMeta } from '../types'

export const options = z.strictObject({
  rounds: z
    .int()
    .min(1)
    .max(50)
    .default(3)
    .describe('Most rounds of factors, cut and tuning; `tau` may end the run before'),
  budget: z
    .number()
    .gt(0)
    .lt(1)
    .default(0.1)
    .describe('Share of the original multiply-adds that each round cuts (z in the paper)'),
  tau: z
    .number()
    .min(0)
    .max(100)
    .default(0.3)
    .describe(
      'A round that loses more than so many points of validation accuracy is thrown away and ends the run',
    ),
  headSteps: z
    .int()
    .min(1)
    .optional()
    .describe('Steps that fit the new head before the first round; default a fifth of the run'),
  factorSteps: z
    .int()
    .min(1)
    .optional()
    .describe('Steps that train the factors in each round; default a fifth of the round'),
  factorRate: z.number().gt(0).max(100).default(0.005).describe('Learning rate of the factors (SGD)'),
  init: z
    .enum(['ones', 'random'])
    .default('ones')
    .describe('Factors before they train; `random` is uniform from 0 to 1, the paper only says random'),
  accumulate: z
    .enum(['sum-of-abs', 'abs-of-sum'])
    .default('sum-of-abs')
    .describe(
      'Importance over all training images: the mean of each batch’s |gradient x factor|, or the size of their mean',
    ),
  selection: z
    .enum(['importance', 'random'])
    .default('importance')
    .describe('`random` is the ablation: filters by lot, worth as many multiply-adds'),
  scaleMode: z
    .enum(['alpha', 'beta-norm', 'beta', 'none'])
    .default('alpha')
    .describe(
      'What multiplies the filters while they are tuned and afterwards: the trained factors, the importance over its mean in the layer (0.1 to 10), the bare importance as in the paper, or nothing',
    ),
  residual: z
    .enum(['inner', 'tied'])
    .default('inner')
    .describe(
      '`inner` cuts only inside residual blocks; `tied` also cuts the streams that branches are added to, all their convolutions together',
    ),
  keep: z
    .number()
    .min(0)
    .lt(1)
    .default(0.05)
    .describe('Share of the filters of each layer that always stays, never less than one'),
  returns: z
    .enum(['accepted', 'best'])
    .default('accepted')
    .describe(
      'The network that the run ends with: the smallest that `tau` accepted (the paper’s W_o), or of the accepted ones the most accurate',
    ),
})

export type Options = z.output<typeof options>

export const meta: StrategyMeta = {
  name: 'transtailor',
  title: 'TransTailor',
  type: 'structure',
  summary:
    'Cuts the filters that the target needs least, round by round, and tunes what is left: the network becomes smaller while it learns.',
  source:
    'Liu, Cai, Guo, Chen, "TransTailor: Pruning the Pre-trained Model for Improved Transfer Learning", AAAI 2021, arXiv 2103.01542',
  cost: '1x a step and falling with every cut; a pass over the training images each round; one value a filter and a second copy of the weights',
  options,
}
