import { z } from 'zod'
import type { StrategyMeta } from '../types'

export const options = z.strictObject({
  policy: z
    .enum(['learned', 'shuffled', 'random', 'all-tuned', 'all-frozen'])
    .default('learned')
    .describe(
      'Who routes. `learned`: the policy network; the others are ablations: trained with the routes of another image of the batch, by a policy network that keeps its random values, through every tuned block, through every frozen one',
    ),
  blocks: z
    .enum(['residual', 'all'])
    .default('residual')
    .describe(
      '`residual`: blocks with a skip connection, as in the paper; `all`: also blocks above the stem without one',
    ),
  network: z
    .enum(['narrow', 'release', 'pretrained'])
    .default('narrow')
    .describe(
      'Policy network. `release`: residual network of three blocks, widths 64, 128, 256, as in the authors’ code; `narrow`: the same with a quarter of the channels; `pretrained`: the network of `policyModel`',
    ),
  policyModel: z
    .string()
    .min(1)
    .max(4096)
    .optional()
    .describe('Model file of a pre-trained policy network; default: the run’s own model'),
  policySize: z
    .int()
    .min(8)
    .max(1024)
    .optional()
    .describe(
      'Side of the picture that the policy network sees; default 48 or the input’s size if smaller, for `narrow`, else the input’s size',
    ),
  temperature: z
    .number()
    .positive()
    .max(1000)
    .default(5)
    .describe('Of the Gumbel softmax; scales the gradient alone, never the routes'),
  k: z
    .number()
    .min(0)
    .max(1000)
    .optional()
    .describe(
      'Number of blocks to tune for all images alike (global policy): adds its two losses, and the finished network is a plain one; default: routes by image',
    ),
  lambda1: z
    .number()
    .min(0)
    .max(1e6)
    .default(1)
    .describe('Strength of the loss on the number of tuned blocks; with `k` alone'),
  lambda2: z
    .number()
    .min(0)
    .max(1e6)
    .default(1)
    .describe('Strength of the loss that pushes each block’s share to 0 or 1; with `k` alone'),
  mix: z
    .enum(['residual', 'activation'])
    .default('residual')
    .describe(
      'Where the branches meet. `residual`: before the sum with the shortcut, as in the paper; `activation`: after the activation behind it, as in the authors’ code: the same scores, another gradient for the policy',
    ),
  stem: z
    .enum(['frozen', 'tuned'])
    .default('frozen')
    .describe('First convolution with its batch norm; the authors’ code trains it'),
  others: z
    .enum(['frozen', 'tuned'])
    .default('frozen')
    .describe(
      'All else between stem and head that is not routed: projections of shortcuts, blocks without a skip',
    ),
  frozenNorms: z
    .enum(['frozen', 'adapted'])
    .default('frozen')
    .describe(
      'Batch norms of the frozen blocks. `adapted`: copies of their own that train, as happens in the authors’ code',
    ),
  policyOptimizer: z.enum(['sgd', 'adam']).default('sgd').describe('Update rule of the policy network'),
  policyRate: z
    .number()
    .positive()
    .max(100)
    .default(0.01)
    .describe('Learning rate of the policy network, with the run’s schedule'),
  policyDecay: z.number().min(0).max(10).default(0.001).describe('Weight decay of the policy network'),
  warmup: z
    .int()
    .min(0)
    .max(1_000_000)
    .default(0)
    .describe(
      'First steps through tuned blocks alone: at step 0 both branches are alike, and the policy could learn nothing',
    ),
  sampleAtTest: z
    .boolean()
    .default(false)
    .describe(
      'Draws routes in evaluations of the run too, as the authors’ code does, by image and seed; the finished network decides without noise',
    ),
  gather: z
    .boolean()
    .default(false)
    .describe('In evaluations each image runs only its branch: faster, equal within rounding'),
  compare: z
    .boolean()
    .default(true)
    .describe(
      'At the end: accuracy with all blocks tuned, all frozen, random routes, routes of another image',
    ),
})

export type Options = z.output<typeof options>

export const meta: StrategyMeta = {
  name: 'spottune',
  title: 'SpotTune',
  type: 'routing',
  summary:
    'A small policy network decides for each image which blocks run fine-tuned and which run as they were pre-trained.',
  source:
    'Guo, Shi, Kumar, Grauman, Rosing, Feris, "SpotTune: Transfer Learning through Adaptive Fine-tuning", CVPR 2019, arXiv 1811.08737',
  cost: 'about 1.7x time and 2x activations, and the policy network; both branches at inference, unless `k` is set',
  options,
}
