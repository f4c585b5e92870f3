import { z } from 'zod'
import { formatProblem, parseRunFile, type StrategyOptions } from '../../../src/spec'

/** Two strategies, enough to see that a strategy's own options are checked. */
export const strategies: StrategyOptions[] = [
  { name: 'full', title: 'Full fine-tuning', summary: 'Everything trains.', options: z.strictObject({}) },
  {
    name: 'l2-sp',
    options: z.strictObject({
      alpha: z.number().min(0).max(100).default(1).describe('Strength of the pull'),
    }),
  },
]

export const parse = (text: string) => parseRunFile(text, { file: 'run.thaw.json', strategies })
export const messages = (text: string) => parse(text).problems.map(formatProblem)
