import { z } from 'zod'
import { matchingOptions } from '../matching/options'
import type { StrategyMeta } from '../types'

const layer = z.string().min(1).max(500)

export const options = z.strictObject({
  ...matchingOptions,
  start: matchingOptions.start
    .unwrap()
    .default('pretrained')
    .describe('Values that the student starts from: those of the run’s model file, or random ones'),
  cuts: z
    .union([z.int().min(0).max(64), z.array(z.strictObject({ student: layer, teacher: layer })).max(64)])
    .optional()
    .describe(
      'Where both networks are cut into stages. Default: just before each down-sampling that both have; a number: so many of these, evenly spread (0: one stage); a list: layers or stages by name, bottom up',
    ),
  routes: z
    .enum(['alternate', 'random'])
    .default('alternate')
    .describe(
      'How the two hybrid paths cross. `alternate`: at each cut, as in the paper; `random`: at each cut with `swap`, drawn anew each step, as in the author’s prototype',
    ),
  swap: z.number().min(0).max(1).default(0.5).describe('Probability of a crossing, with `routes: "random"`'),
  balance: z
    .enum(['match', 'fixed', 'schedule', 'ema'])
    .default('match')
    .describe(
      'Weights of the two hybrid losses. `match`: each step half the student’s loss over theirs, so that both together are as large as it; `ema`: the same from smoothed losses; `fixed`: 1 - `alpha`, the ablation; `schedule`: 1 - alpha of `schedule`',
    ),
  alpha: z
    .number()
    .min(0)
    .max(1)
    .default(0.7)
    .describe(
      'With `fixed`: the hybrid losses have weight 1 - alpha, the student’s has 1; 1 is plain fine-tuning',
    ),
  schedule: z
    .array(z.strictObject({ from: z.number().min(0).max(1), alpha: z.number().min(0).max(1) }))
    .min(1)
    .max(100)
    .default([
      { from: 0, alpha: 0.2 },
      { from: 1 / 3, alpha: 0.6 },
      { from: 0.5, alpha: 0.9 },
      { from: 2 / 3, alpha: 1 },
    ])
    .describe('With `schedule`: alpha from each share of the run on; default as in the author’s prototype'),
  smoothing: z
    .number()
    .min(0)
    .max(0.9999)
    .default(0.9)
    .describe('With `ema`: share of the smoothed loss that each step keeps; 0 is `match`'),
  largest: z
    .number()
    .positive()
    .max(1e6)
    .default(10)
    .describe('Largest weight of a hybrid loss in `match` and `ema`'),
  adapters: z
    .enum(['needed', 'all'])
    .default('needed')
    .describe(
      'Where a 1x1 convolution stands between the networks. `needed`: where channels or size differ; `all`: at every crossing, from the identity where channels are the same',
    ),
  teacherNorms: z
    .enum(['frozen', 'batch'])
    .default('frozen')
    .describe(
      'Batch norms of the teacher’s stages: on their running statistics, or on those of the batch, which suits features of a random student, as in the prototype; they never move',
    ),
  compare: z
    .boolean()
    .default(true)
    .describe('At the end: accuracy with each student stage in turn replaced by the teacher’s'),
})

export type Options = z.output<typeof options>

export const meta: StrategyMeta = {
  name: 'hybrid-forward',
  title: 'Hybrid Forward',
  type: 'structure',
  summary:
    'Two more paths to the same head, through stages of the frozen pre-trained network and of the student in turn, teach each student stage to work with the teacher’s.',
  source:
    'Song et al., "Robust Knowledge Transfer via Hybrid Forward on the Teacher-Student Model", AAAI 2021; weights of the losses are our reading',
  cost: '2 to 2.7x time; a second copy of the weights and up to 3x activations',
  options,
}
