import { z } from 'zod'
import type { StrategyMeta } from '../types'

export const options = z.strictObject({})

export const meta: StrategyMeta = {
  name: 'full',
  title: 'Full fine-tuning',
  type: 'baseline',
  summary:
    'Starts from the pre-trained weights and trains all of them, the new head ten times faster than the rest.',
  source:
    'Yosinski et al., "How transferable are features in deep neural networks?", NeurIPS 2014, arXiv 1411.1792',
  cost: '1x time and memory: the measure for all others',
  options,
}
