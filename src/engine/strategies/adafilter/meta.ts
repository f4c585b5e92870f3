import { z } from 'zod'
import type { StrategyMeta } from '../types'

export const options = z.strictObject({
  gates: z
    .enum(['learned', 'shuffled', 'random', 'all-tuned', 'all-frozen'])
    .default('learned')
    .describe(
      'Who decides. `learned`: the gate network; the others are ablations: trained with the gates of another image of the batch, by a gate network that keeps its random values, every filter tuned, every filter frozen',
    ),
  statistics: z
    .enum(['all', 'selected'])
    .default('all')
    .describe(
      'What a batch norm in mode `train` normalises with: `all` images, or for each channel only the images that took it from this branch',
    ),
  frozenNorms: z
    .enum(['adapted', 'frozen'])
    .default('adapted')
    .describe('Batch norms of the pre-trained filters: copies of their own that train, or as they were'),
  gatedNorm: z
    .boolean()
    .default(true)
    .describe('A batch norm for each branch; `false`: filters are selected first, then normalised together'),
  estimator: z
    .enum(['threshold', 'gumbel'])
    .default('threshold')
    .describe(
      '`threshold`: gate 1 where p > 0.5, with the gradient of p; `gumbel`: drawn in training, which explores',
    ),
  temperature: z.number().positive().max(1000).default(1).describe('Of `gumbel`; scales the gradient alone'),
  cell: z.enum(['lstm', 'gru']).default('lstm').describe('Recurrent cell that all layers share'),
  width: z.int().min(1).max(4096).default(128).describe('Width to which each layer’s pooled input is mapped'),
  hidden: z.int().min(1).max(4096).default(128).describe('Width of the recurrent state'),
  bias: z
    .number()
    .min(-20)
    .max(20)
    .default(1)
    .describe('Bias of every gate before step 0: 1 starts mostly tuned (p = 0.73), -1 mostly frozen'),
  pointwise: z.boolean().default(true).describe('Gates 1x1 convolutions too'),
  shortcuts: z.boolean().default(false).describe('Gates the projections of shortcuts too'),
  stem: z.boolean().default(false).describe('Gates the first convolution too'),
  others: z
    .enum(['frozen', 'tuned'])
    .default('frozen')
    .describe('Layers between pixels and head that are not gated'),
  gateRate: z
    .number()
    .positive()
    .max(100)
    .optional()
    .describe('Learning rate of the gate network; default: the backbone’s'),
  compare: z
    .boolean()
    .default(true)
    .describe(
      'At the end: accuracy with all filters tuned, all frozen, random gates, gates of another image',
    ),
})

export type Options = z.output<typeof options>

export const meta: StrategyMeta = {
  name: 'adafilter',
  title: 'AdaFilter (a reconstruction)',
  type: 'routing',
  summary:
    'A recurrent gate network decides for each image and filter whether the fine-tuned or the pre-trained filter is used; reconstructed from abstract and figure, since equations and code are not public.',
  source:
    'Guo, Li, Wang, Rosing, "AdaFilter: Adaptive Filter Fine-tuning for Deep Transfer Learning", AAAI 2020, arXiv 1911.09659; a reconstruction',
  cost: 'about 1.7x time and 2x activations, and the gates; both filter banks at inference',
  options,
}
