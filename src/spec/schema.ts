import { z } from 'zod'

/** The run file's one source: types, defaults, JSON schema, docs and messages all come from here. */

const batchNormMode = z.enum(['train', 'train_nostats', 'eval_affine', 'frozen'])
const patterns = z.array(z.string()).describe('Layer, stage or parameter names; `*` matches any run of characters')

export const modelSchema = z.strictObject({
  source: z
    .string()
    .default('thaw:efficientnet-lite0')
    .describe('`thaw:NAME` for a packaged network, or a path beside the run file (.safetensors, model.json, .keras); `none` with an architecture'),
  architecture: z.string().optional().describe('Needed when the file does not say it, for example `resnet18`'),
  cut: z.string().optional().describe('Last stage or layer of the backbone that is kept, for example `stage6`'),
  inputSize: z.int().min(8).max(1024).optional().describe('Side of the square input in pixels; default: the network\'s own'),
  dropout: z.number().min(0).max(0.95).default(0).describe('Dropout before the head'),
  headStd: z.number().positive().max(1).default(0.01).describe('Standard deviation of the head\'s normal initialisation'),
})

export const transformsSchema = z.strictObject({
  flip: z.boolean().default(true).describe('Mirror left-right with probability 0.5'),
  rotate: z.number().min(0).max(180).default(15).describe('Largest rotation in degrees, either way'),
  scale: z.tuple([z.number().positive(), z.number().positive()]).default([0.85, 1.15]),
  shift: z.number().min(0).max(1).default(0.08).describe('Largest shift as a share of the side'),
  fill: z.string().default('white').describe('Colour outside the image: `white`, `black` or `#rrggbb`'),
})

export const dataSchema = z.strictObject({
  source: z
    .string()
    .default('thaw:noto-drawings')
    .describe('A folder beside the run file: a folder per class, or train/, val/ and test/ with a folder per class each; `thaw:NAME` for a packaged set'),
  split: z
    .strictObject({
      val: z.number().min(0).max(0.9).default(0),
      test: z.number().min(0).max(0.9).default(0.2),
      seed: z.int().min(0).default(0),
    })
    .prefault({})
    .describe('Stratified shares, used for splits that the folders do not give'),
  shots: z.int().min(1).optional().describe('Training images kept per class'),
  fraction: z.number().gt(0).max(1).default(1).describe('Share of the training images kept, per class'),
  transforms: z.union([z.literal('none'), transformsSchema]).default(transformsSchema.parse({})),
  views: z.int().min(1).max(64).optional().describe('So many fixed augmented views of each image, which lets a frozen prefix be cached'),
  shuffle: z.boolean().default(true),
  background: z.string().default('white').describe('Colour under transparent pixels'),
})

export const optimizerSchema = z.strictObject({
  name: z.enum(['sgd', 'adam', 'adamw']).default('adamw'),
  rate: z.number().positive().max(100).default(3e-4).describe('Rate of the backbone'),
  headRate: z.number().positive().max(100).optional().describe('Rate of the head; default 10 times `rate`'),
  weightDecay: z.number().min(0).max(10).default(1e-4),
  momentum: z.number().min(0).lt(1).default(0.9).describe('SGD only'),
  nesterov: z.boolean().default(false).describe('SGD only'),
  beta1: z.number().min(0).lt(1).default(0.9),
  beta2: z.number().min(0).lt(1).default(0.999),
  epsilon: z.number().positive().default(1e-8),
  clipNorm: z.number().positive().optional().describe('Largest global L2 norm of the gradient'),
  accumulate: z.int().min(1).max(1024).default(1).describe('Batches whose gradients are averaged into one step'),
})

export const scheduleSchema = z.strictObject({
  name: z.enum(['constant', 'step', 'cosine', 'one-cycle', 'slanted-triangular']).default('cosine'),
  warmup: z.number().min(0).max(0.9).default(0.1).describe('Share of the steps with a linear rise (cosine, constant, step)'),
  at: z.array(z.number().gt(0).lt(1)).default([0.67]).describe('Shares of the steps at which the rate drops (step)'),
  factor: z.number().gt(0).lt(1).default(0.1).describe('What the rate is multiplied by at each drop (step)'),
  cutFraction: z.number().gt(0).lt(1).default(0.1).describe('Share of the rise (slanted-triangular, one-cycle)'),
  ratio: z.number().gt(1).default(32).describe('Highest over lowest rate (slanted-triangular)'),
})

export const actionSchema = z.strictObject({
  at: z.int().min(0).describe('Done before the optimizer step that follows this number of steps'),
  do: z.union([
    z.literal('pause'),
    z.literal('stop'),
    z.literal('checkpoint'),
    z.literal('evaluate'),
    z.strictObject({ rate: z.number().min(0).max(1000).describe('Factor on every rate from here on') }),
    z.strictObject({ freeze: patterns }),
    z.strictObject({ unfreeze: patterns }),
  ]),
})

export const trainSchema = z.strictObject({
  steps: z.int().min(0).max(10_000_000).optional().describe('Optimizer steps; default 60 when epochs are not given'),
  epochs: z.number().positive().max(100_000).optional(),
  batchSize: z.int().min(1).max(4096).default(20),
  optimizer: optimizerSchema.prefault({}),
  schedule: scheduleSchema.prefault({}),
  seed: z.int().min(0).max(2 ** 31 - 1).default(1),
  batchNorm: batchNormMode.optional().describe('Mode of every batch norm that trains; default: the strategy\'s own'),
  evaluateEvery: z.int().min(1).optional().describe('Steps between evaluations on val (else test); default: at the end only'),
  earlyStopping: z
    .strictObject({
      patience: z.int().min(1).default(5).describe('Evaluations without a better value'),
      metric: z.enum(['balancedAccuracy', 'accuracy', 'loss', 'macroF1']).default('balancedAccuracy'),
    })
    .optional(),
  keep: z.enum(['best', 'last']).default('last').describe('Weights that the run ends with; `best` needs a val split'),
  checkpoints: z
    .strictObject({
      every: z.int().min(1).optional().describe('Steps between checkpoints; default: a tenth of the run'),
      last: z.int().min(1).default(2).describe('How many of the newest are kept beside the best'),
      limitMB: z.number().positive().optional(),
    })
    .prefault({}),
  measureEvery: z.union([z.literal('auto'), z.int().min(1)]).default('auto').describe('Steps between layer measures; `auto` holds recording under 1 % of the time'),
  actions: z.array(actionSchema).default([]),
  initialize: z.string().optional().describe('A safetensors file that sets any named parameter or buffer before step 0'),
  inputs: z.string().optional().describe('A safetensors file with outside inputs by name, for example `batch_order`'),
})

export const freezeSchema = z.array(
  z.strictObject({
    name: z.string().optional(),
    steps: z.int().min(1).optional().describe('Length; the last phase may leave it out'),
    train: patterns.describe('What trains; all else is frozen'),
    batchNorm: batchNormMode.optional(),
  }),
)

/** The run file with any strategy; `strategyOptions` narrows `strategy` to the registered ones. */
export function createRunFileSchema<S extends z.ZodType>(strategy: S) {
  return z.strictObject({
    $schema: z.string().optional(),
    name: z.string().max(200).optional(),
    model: modelSchema.prefault({}),
    data: dataSchema.prefault({}),
    strategy,
    train: trainSchema.prefault({}),
    freeze: freezeSchema.optional().describe('A list of phases that overrides what the strategy trains when'),
    backend: z.enum(['auto', 'native', 'webgpu', 'wasm', 'cpu']).default('auto'),
  })
}

/** `"full"` or `{"name": "full", …options}`. Options are checked by the strategy's own schema. */
export const anyStrategySchema = z.looseObject({ name: z.string() })

export type ResolvedSpec = z.output<ReturnType<typeof createRunFileSchema<typeof anyStrategySchema>>>
export type ModelSpec = z.output<typeof modelSchema>
export type DataSpec = z.output<typeof dataSchema>
export type TransformSpec = z.output<typeof transformsSchema>
export type TrainSpec = z.output<typeof trainSchema>
export type OptimizerSpec = z.output<typeof optimizerSchema>
export type ScheduleSpec = z.output<typeof scheduleSchema>
export type ActionSpec = z.output<typeof actionSchema>
export type FreezeSpec = z.output<typeof freezeSchema>
