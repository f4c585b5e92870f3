import { z } from 'zod'
import type { StrategyMeta } from '../types'

export const options = z.strictObject({
  factor: z
    .number()
    .min(1)
    .max(100)
    .default(2.6)
    .describe('The rate of each stage is that of the stage above divided by this; 1 gives all the same rate'),
  unfreeze: z
    .boolean()
    .default(true)
    .describe('Thaw the stages one after the other from the top; false trains all from the start'),
  every: z
    .union([z.literal('epoch'), z.int().min(1)])
    .default('epoch')
    .describe(
      'Steps between two stages; `epoch` is one pass over the images, or less where the run is too short for that',
    ),
  slanted: z
    .boolean()
    .default(true)
    .describe('Slanted triangular rate over the run; false keeps the schedule of `train`'),
  cutFraction: z
    .number()
    .gt(0)
    .lt(1)
    .default(0.1)
    .describe('Share of the steps on which the slanted rate rises'),
  ratio: z.number().gt(1).max(1e6).default(32).describe('Highest over lowest slanted rate'),
})

export const meta: StrategyMeta = {
  name: 'gradual',
  title: 'Gradual unfreezing',
  type: 'baseline',
  summary:
    'Thaws the network from the head downwards, stage by stage, each deeper stage with a smaller rate.',
  source:
    'Howard, Ruder, "Universal Language Model Fine-tuning for Text Classification" (ULMFiT), ACL 2018, arXiv 1801.06146',
  cost: 'less than 1x: early phases train few stages',
  options,
}
