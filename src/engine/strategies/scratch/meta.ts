import { z } from 'zod'
import type { StrategyMeta } from '../types'

export const options = z.strictObject({
  batchNormMomentum: z
    .number()
    .gt(0)
    .max(1)
    .default(0.1)
    .describe(
      'Share of each batch in the running statistics; the 0.01 of some pre-trained networks needs thousands of steps',
    ),
})

export const meta: StrategyMeta = {
  name: 'scratch',
  title: 'From scratch',
  type: 'baseline',
  summary:
    'Trains every weight from random values: what the data alone can teach, the line that transfer has to beat.',
  source: 'He, Girshick, Dollár, "Rethinking ImageNet Pre-training", ICCV 2019, arXiv 1811.08883',
  cost: '1x time a step, but needs many more steps; no extra memory',
  options,
}
