import { z } from 'zod'
import type { StrategyMeta } from '../types'

const strength = z.number().min(0).max(1e6)

export const options = z.strictObject({
  alpha: strength
    .default(0.01)
    .describe('Strength of the distance between feature maps; the authors use 0.01, for Stanford Dogs 0.1'),
  beta: strength.default(0.01).describe('Strength of the pull of the new head, bias too, towards 0'),
  form: z
    .enum(['attended', 'feature-map'])
    .default('attended')
    .describe(
      '`attended`: channels weighted by what the target loses without them; `feature-map`: the plain distance, half the sum of squares',
    ),
  recipe: z
    .enum(['release', 'paper'])
    .default('release')
    .describe(
      'How losses become weights. `release`: standardised, softmax at `temperature`, times channels over positions, as in the authors’ code; `paper`: softmax of the differences themselves',
    ),
  temperature: z.number().positive().max(1e6).default(5).describe('Of the softmax in `release`'),
  batchSum: z
    .boolean()
    .optional()
    .describe(
      'Sum over the batch instead of its mean, so that published values of `alpha` hold; default true for `release`, false for `paper`',
    ),
  attention: z
    .enum(['filters', 'gradient', 'uniform', 'given'])
    .default('filters')
    .describe(
      '`filters`: each filter set to zero in turn, as in the paper; `gradient`: a first-order estimate of the same from one backward pass; `uniform`: the ablation; `given`: `attention.<layer>` of `train.inputs`',
    ),
  hooks: z
    .array(z.string().min(1).max(500))
    .min(1)
    .max(1000)
    .optional()
    .describe('Convolutions whose outputs are compared; default: the last of each stage'),
  attentionBatches: z.int().min(1).max(10_000).default(4).describe('Batches that attention is measured on'),
  attentionBatchSize: z.int().min(1).max(4096).default(32).describe('Images in each of them'),
  headSteps: z
    .int()
    .min(0)
    .max(1_000_000)
    .optional()
    .describe(
      'First steps of the run that fit the head on the frozen network, so that losses mean something; default a fifth of the run where attention is measured, else none',
    ),
  head: z
    .enum(['fresh', 'fitted'])
    .default('fresh')
    .describe(
      'Head that fine-tuning starts from: a new one, as in the authors’ procedure, or the one fitted for measuring',
    ),
})

export type Options = z.output<typeof options>

export const meta: StrategyMeta = {
  name: 'delta',
  title: 'DELTA',
  type: 'constraint',
  summary:
    'Full fine-tuning that holds the feature maps near those of the pre-trained network, channel by channel as the target needs them.',
  source:
    'Li et al., "DELTA: DEep Learning Transfer using Feature Map with Attention for Convolutional Networks", ICLR 2019, arXiv 1901.09229',
  cost: '1.33x time, and an attention pass; a second copy of the weights and of the compared maps',
  options,
}
