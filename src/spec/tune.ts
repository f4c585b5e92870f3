import { z } from 'zod'

/** What a run file says of tuning: the values to try, and what `thaw tune` writes into the file of the best trial. */

const points = z
  .int()
  .min(2)
  .max(1000)
  .default(3)
  .describe('Values of a grid, both ends among them; random search does not read it')
const whole = z.boolean().default(false).describe('Whole numbers only')

export const dimensionSchema = z.union([
  z.strictObject({
    choice: z
      .array(z.unknown().describe('Any value that the field takes'))
      .min(1)
      .max(1000)
      .describe('The values to try'),
  }),
  z.strictObject({
    uniform: z
      .tuple([z.number().describe('Lowest value'), z.number().describe('Highest value')])
      .describe('Any number between two, each as probable'),
    points,
    whole,
  }),
  z.strictObject({
    logUniform: z
      .tuple([
        z.number().positive().describe('Lowest value'),
        z.number().positive().describe('Highest value'),
      ])
      .describe(
        'Any number between two above 0, each order of magnitude as probable: right for rates and strengths',
      ),
    points,
    whole,
  }),
])

const metric = z
  .enum(['balancedAccuracy', 'accuracy', 'macroF1', 'loss'])
  .describe('What has to get better on the validation images')

const seed = z
  .int()
  .min(0)
  .max(2 ** 31 - 1)

export const tuneSchema = z.strictObject({
  search: z
    .enum(['random', 'grid'])
    .default('random')
    .describe('`random` draws each trial from the space, `grid` tries every combination'),
  trials: z
    .int()
    .min(1)
    .max(10_000)
    .optional()
    .describe('The budget: combinations that are tried; default 16, or the whole grid'),
  metric: metric.default('balancedAccuracy'),
  seed: seed.default(0).describe('Seed of the draws; more trials keep those of fewer'),
  seeds: z
    .array(seed.describe('A seed of training'))
    .min(1)
    .max(100)
    .optional()
    .describe('Training seeds of each trial, whose mean counts; default: `train.seed` alone'),
  space: z
    .record(z.string(), dimensionSchema)
    .describe('By the path of a field, for example `train.optimizer.rate`, what it may be'),
})

/** A record, not a setting: a run does not read it, `thaw compare` counts the trials. */
export const tunedSchema = z.strictObject({
  trials: z.int().min(1).max(10_000).describe('Combinations that were tried, failed ones among them'),
  seeds: z.int().min(1).max(100).describe('Training seeds of each'),
  search: z.enum(['random', 'grid']).describe('How they were chosen'),
  metric,
  value: z.number().describe('Of the best trial on the validation images'),
  from: z.string().min(1).max(4096).describe('The run file that was tuned'),
})

export type TuneSpec = z.output<typeof tuneSchema>
export type TunedSpec = z.output<typeof tunedSchema>
export type Dimension = z.output<typeof dimensionSchema>

/** Fields that no trial may change, and why. */
const FIXED: readonly [pattern: RegExp, reason: string][] = [
  [/^(tune|tuned|name|\$schema)\b/, 'is no setting of a run'],
  [/^data\.(source|split|shots|fraction)\b/, 'decides which images a trial is judged by or learns from'],
  [/^train\.seed$/, 'is not for tuning; `tune.seeds` takes the mean over several'],
  [/^train\.(steps|epochs)$/, 'is the budget, which all trials share'],
  [/^train\.test$/, 'is off in every trial, since the test images decide nothing'],
  [/^(backend|device|cache)\b/, 'is not part of the method'],
]

/** Why a path cannot be tuned; undefined where it can. */
export function fixedReason(path: string): string | undefined {
  return FIXED.find(([pattern]) => pattern.test(path))?.[1]
}
