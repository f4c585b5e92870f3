import { z } from 'zod'
import { matchingOptions } from '../matching/options'
import type { StrategyMeta } from '../types'

const point = z.string().min(1).max(500)

export const options = z.strictObject({
  ...matchingOptions,
  pairs: z
    .union([
      z.enum(['all-to-all', 'one-to-one', 'single']),
      z
        .array(
          z.tuple([
            point.describe('Stage or layer of the teacher'),
            point.describe('Stage or layer of the student'),
          ]),
        )
        .min(1)
        .max(1000),
    ])
    .default('all-to-all')
    .describe(
      'Which teacher’s map goes to which student’s. `all-to-all`: the last stage of each resolution with each; `one-to-one`: each of the student’s with the teacher’s of the nearest resolution; `single`: the topmost alone; or a list of [teacher, student]',
    ),
  beta: z.number().min(0).max(1e6).default(0.5).describe('Strength of the transfer loss'),
  transferSteps: z
    .int()
    .min(0)
    .max(100)
    .default(2)
    .describe('T: steps on the transfer loss alone in each look-ahead, before one on cross-entropy'),
  metaEvery: z
    .int()
    .min(1)
    .max(10_000)
    .default(1)
    .describe('Steps between updates of the meta-networks; 1 as in the paper, more is cheaper'),
  metaOptimizer: z
    .enum(['adam', 'sgd'])
    .default('adam')
    .describe('Update rule of the meta-networks; `sgd` with momentum 0.9'),
  metaRate: z
    .number()
    .min(0)
    .max(100)
    .default(1e-4)
    .describe('Learning rate of the meta-networks, without a schedule; 0 leaves them as they begin'),
  metaDecay: z.number().min(0).max(10).default(1e-4).describe('Weight decay of the meta-networks'),
  channels: z
    .enum(['learned', 'uniform'])
    .default('learned')
    .describe('Weights of channels (what). `uniform`: the ablation, all alike'),
  strengths: z
    .enum(['learned', 'fixed'])
    .default('learned')
    .describe(
      'Strengths of pairs (where). `fixed`: the ablation, each is `strengthStart` (the paper’s L2T-w)',
    ),
  strengthForm: z
    .enum(['relu6', 'relu', 'relu-avg', 'constant'])
    .default('relu6')
    .describe(
      'How a strength comes about: `relu6` or `relu` of a linear map of the teacher’s pooled features, `relu-avg` of features over their number, `constant` softplus(10 p) alike for all images',
    ),
  strengthStart: z
    .number()
    .min(0)
    .max(6)
    .default(1)
    .describe('Bias that strengths begin with, and what `fixed` ones are'),
  rollback: z
    .enum(['exact', 'release'])
    .default('exact')
    .describe(
      'After a look-ahead. `exact`: weights, momentum and running statistics as before; `release`: statistics get one more update by the same batch, as happens in the authors’ code',
    ),
  idle: z
    .enum(['decay', 'rest'])
    .default('decay')
    .describe(
      'Parameters without a gradient in a step of the look-ahead. `decay`: momentum and weight decay act on them, as in the authors’ runs; `rest`: they stay, as with today’s PyTorch',
    ),
})

export type Options = z.output<typeof options>

export const meta: StrategyMeta = {
  name: 'l2t-ww',
  title: 'L2T-ww',
  type: 'constraint',
  summary:
    'A student of any architecture learns from a frozen network’s feature maps; meta-networks learn which pairs of maps and which channels help it.',
  source: 'Jang, Lee, Hwang, Shin, "Learning What and Where to Transfer", ICML 2019, arXiv 1905.05901',
  cost: 'about 12x time (T = 2); the teacher, and 4 copies of the student’s weights',
  options,
}
