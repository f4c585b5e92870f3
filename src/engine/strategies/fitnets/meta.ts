import { z } from 'zod'
import { matchingOptions } from '../matching/options'
import type { StrategyMeta } from '../types'

const point = z.string().min(1).max(500)
const strength = z.number().min(0).max(1e6)

export const options = z.strictObject({
  ...matchingOptions,
  hint: point
    .optional()
    .describe(
      'Stage or layer of the teacher whose map is the hint; default: the middle one of its resolutions',
    ),
  guided: point
    .optional()
    .describe('Stage or layer of the student that learns it; default: the middle one of its resolutions'),
  regressor: z
    .enum(['pointwise', 'valid'])
    .default('pointwise')
    .describe(
      'How the guided map is brought to the hint. `pointwise`: 1x1, the hint resized to the guided map; `valid`: without padding, with the kernel that gives the hint’s size, as in the paper',
    ),
  hintLoss: z
    .enum(['mean', 'half-sum'])
    .default('mean')
    .describe(
      '`mean`: of squared errors over positions and channels, as in RepDistiller’s code; `half-sum`: half their sum by image, as in the paper, which grows with the map',
    ),
  training: z
    .enum(['two-stage', 'joint'])
    .default('two-stage')
    .describe(
      '`two-stage`: first the student up to the guided layer on the hint alone, then all of it on the labels, as in the paper; `joint`: both losses at once, as in RepDistiller’s code',
    ),
  hintSteps: z
    .int()
    .min(0)
    .max(1_000_000)
    .optional()
    .describe('First steps of the run, on the hint alone; with `two-stage`; default a third of the run'),
  hintWeight: strength
    .default(100)
    .describe('Strength of the hint loss with `joint`; 100 is that of RepDistiller for `mean`'),
  softTargets: z
    .boolean()
    .default(false)
    .describe(
      'Also learns the teacher’s softened scores of the classes; the teacher’s file must hold a classifier of the same classes',
    ),
  temperature: z.number().positive().max(1000).default(3).describe('Of both scores in soft targets'),
  lambda: strength.default(4).describe('Strength of soft targets at first'),
  lambdaEnd: strength.default(1).describe('Strength of soft targets at the end; linear between'),
})

export type Options = z.output<typeof options>

export const meta: StrategyMeta = {
  name: 'fitnets',
  title: 'FitNets',
  type: 'constraint',
  summary:
    'A student of any architecture first learns a middle feature map of a frozen network, its hint, and then the task.',
  source: 'Romero et al., "FitNets: Hints for Thin Deep Nets", ICLR 2015, arXiv 1412.6550',
  cost: '1x time of the student and the teacher’s forward pass; the teacher’s weights',
  options,
}
