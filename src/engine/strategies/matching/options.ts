import { z } from 'zod'
import { pixelsSchema, type ModelSpec, type ResolvedSpec } from '../../../spec/schema'

/** Options of every strategy whose student learns from another network's feature maps. */
export const matchingOptions = {
  teacher: z
    .string()
    .min(1)
    .max(4096)
    .optional()
    .describe(
      'The frozen network that is learned from, as in `model.source`; default: the run’s own model with its weights',
    ),
  teacherArchitecture: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .describe('Of `teacher`, where its file does not say it'),
  teacherPixels: pixelsSchema
    .optional()
    .describe('Of `teacher`, as `model.pixels`, for a Keras or tfjs network'),
  start: z
    .enum(['random', 'pretrained'])
    .default('random')
    .describe(
      'Values that the student starts from: random ones, as in the paper, or those of the run’s model file',
    ),
  batchNormMomentum: z
    .number()
    .gt(0)
    .max(1)
    .optional()
    .describe(
      'Share of each batch in the student’s running statistics; default 0.1 from random values, else each layer’s own',
    ),
}

export interface MatchingOptions {
  teacher?: string
  teacherArchitecture?: string
  teacherPixels?: ModelSpec['pixels']
  start: 'random' | 'pretrained'
  batchNormMomentum?: number
}

/** The network to learn from, for `Strategy.teacher`. */
export function teacherOf(options: MatchingOptions, { model }: ResolvedSpec): ModelSpec | 'self' {
  const { teacher, teacherArchitecture: architecture, teacherPixels: pixels } = options
  return teacher === undefined ? 'self' : { ...model, source: teacher, architecture, pixels, cut: undefined }
}

/** As `scratch` has it: statistics that start at 0 and 1 must come to mean something within the run. */
export const momentumOf = ({ start, batchNormMomentum }: MatchingOptions): number | undefined =>
  batchNormMomentum ?? (start === 'random' ? 0.1 : undefined)
