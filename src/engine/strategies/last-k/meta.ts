import { z } from 'zod'
import type { StrategyMeta } from '../types'

export const options = z.strictObject({
  k: z
    .union([z.literal('all'), z.int().min(0).max(1000)])
    .default(1)
    .describe('Stages below the head that train: 0 trains the head alone, `all` is full fine-tuning'),
})

export const meta: StrategyMeta = {
  name: 'last-k',
  title: 'Last stages',
  type: 'baseline',
  summary: 'Trains the head and the last k stages; everything below stays exactly as it was pre-trained.',
  source:
    'Yosinski et al., "How transferable are features in deep neural networks?", NeurIPS 2014, arXiv 1411.1792',
  cost: 'less than 1x: frozen stages run forward only, and are computed once when their input cannot change',
  options,
}
