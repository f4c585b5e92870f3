import { z } from 'zod'
import { tunedSchema, tuneSchema } from './tune'

/** The run file's one source: types, defaults, JSON schema, docs and messages all come from here. */

const batchNormMode = z.enum(['train', 'train_nostats', 'eval_affine', 'frozen'])
const patterns = z
  .array(
    z
      .string()
      .min(1)
      .max(500)
      .describe('A layer, stage or parameter name; `*` matches any run of characters'),
  )
  .min(1)
const largeCount = 1_000_000_000

/** What a network may expect at its input. */
export const pixelsSchema = z.enum(['0..255', '0..1', '-1..1', 'imagenet'])

export const modelSchema = z.strictObject({
  source: z
    .string()
    .min(1)
    .max(4096)
    .default('thaw:efficientnet-lite0')
    .describe(
      '`thaw:NAME` for a packaged network, or a path beside the run file (.safetensors, model.json, .keras); `none` with an architecture',
    ),
  architecture: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .describe(
      'The network, when the file does not say it, for example `resnet18`; `thaw ls models` lists them',
    ),
  cut: z
    .string()
    .min(1)
    .max(500)
    .optional()
    .describe(
      'Last stage or layer of the backbone that is kept, for example `stage6`; default: the whole backbone',
    ),
  inputSize: z
    .int()
    .min(8)
    .max(1024)
    .optional()
    .describe("Side of the square input in pixels; default: the network's own"),
  pixels: pixelsSchema
    .optional()
    .describe(
      'What a Keras or tfjs network expects of pixels: a range, or `imagenet` for the means and deviations of torchvision; default `-1..1`, or `0..255` when the file has a Rescaling layer',
    ),
  dropout: z.number().min(0).max(0.95).default(0).describe('Dropout before the head while training'),
  headStd: z
    .number()
    .positive()
    .max(1)
    .default(0.01)
    .describe("Standard deviation of the head's normal initialisation"),
})

export const transformsSchema = z.strictObject({
  flip: z.boolean().default(true).describe('Mirror left-right with probability 0.5'),
  rotate: z.number().min(0).max(180).default(15).describe('Largest rotation in degrees, either way'),
  scale: z
    .tuple([
      z.number().positive().max(100).describe('Smallest factor on the size'),
      z.number().positive().max(100).describe('Largest factor on the size'),
    ])
    .default([0.85, 1.15])
    .describe('Smallest and largest factor on the size of the picture'),
  shift: z.number().min(0).max(1).default(0.08).describe('Largest shift as a share of the side'),
  fill: z
    .string()
    .max(100)
    .default('white')
    .describe('Colour outside the image: `white`, `black` or `#rrggbb`'),
})

export const dataSchema = z.strictObject({
  source: z
    .string()
    .min(1)
    .max(4096)
    .default('thaw:noto-drawings')
    .describe(
      'A folder beside the run file: a folder per class, or train/, val/ and test/ with a folder per class each; `thaw:NAME` for a packaged set',
    ),
  split: z
    .strictObject({
      val: z.number().min(0).max(0.9).default(0).describe('Share of the images of each class for validation'),
      test: z
        .number()
        .min(0)
        .max(0.9)
        .default(0.2)
        .describe('Share of the images of each class held out for the test'),
      seed: z
        .int()
        .min(0)
        .max(2 ** 31 - 1)
        .default(0)
        .describe('Which images go where; apart from `train.seed`, so that seeds share one split'),
    })
    .prefault({})
    .describe('Stratified shares, used for splits that the folders do not give'),
  shots: z.int().min(1).max(largeCount).optional().describe('Training images kept per class; default: all'),
  fraction: z.number().gt(0).max(1).default(1).describe('Share of the training images kept, per class'),
  transforms: z
    .union([z.literal('none'), transformsSchema])
    .default(transformsSchema.parse({}))
    .describe('Random changes to training images (an object), or `"none"`'),
  views: z
    .int()
    .min(1)
    .max(64)
    .optional()
    .describe(
      'So many fixed augmented views of each image instead of fresh ones, which lets a frozen prefix be cached',
    ),
  shuffle: z.boolean().default(true).describe('Draw training images in a new random order each epoch'),
  background: z
    .string()
    .max(100)
    .default('white')
    .describe('Colour under transparent pixels: `white`, `black` or `#rrggbb`'),
})

export const optimizerSchema = z.strictObject({
  name: z.enum(['sgd', 'adam', 'adamw']).default('adamw').describe('The update rule'),
  rate: z.number().positive().max(100).default(3e-4).describe('Learning rate of the backbone'),
  headRate: z
    .number()
    .positive()
    .max(100)
    .optional()
    .describe('Learning rate of the head; default 10 times `rate`'),
  weightDecay: z
    .number()
    .min(0)
    .max(10)
    .default(1e-4)
    .describe('Decay of the weights; decoupled for `adamw`'),
  momentum: z.number().min(0).lt(1).default(0.9).describe('Momentum (SGD only)'),
  nesterov: z.boolean().default(false).describe("Nesterov's form of momentum (SGD only)"),
  beta1: z.number().min(0).lt(1).default(0.9).describe('Decay of the mean of gradients (Adam and AdamW)'),
  beta2: z.number().min(0).lt(1).default(0.999).describe('Decay of the mean of squares (Adam and AdamW)'),
  epsilon: z.number().positive().max(1).default(1e-8).describe('Added to the denominator (Adam and AdamW)'),
  clipNorm: z
    .number()
    .positive()
    .max(1e12)
    .optional()
    .describe('Largest global L2 norm of the gradient; default: no limit'),
  accumulate: z
    .int()
    .min(1)
    .max(1024)
    .default(1)
    .describe('Batches whose gradients are averaged into one step'),
})

export const scheduleSchema = z.strictObject({
  name: z
    .enum(['constant', 'step', 'cosine', 'one-cycle', 'slanted-triangular'])
    .default('cosine')
    .describe('How the rate changes over the run'),
  warmup: z
    .number()
    .min(0)
    .max(0.9)
    .default(0.1)
    .describe('Share of the steps with a linear rise (cosine, constant, step)'),
  at: z
    .array(z.number().gt(0).lt(1).describe('Share of the steps'))
    .max(100)
    .default([0.67])
    .describe('Shares of the steps at which the rate drops (step)'),
  factor: z.number().gt(0).lt(1).default(0.1).describe('What the rate is multiplied by at each drop (step)'),
  cutFraction: z
    .number()
    .gt(0)
    .lt(1)
    .default(0.1)
    .describe('Share of the rise (slanted-triangular, one-cycle)'),
  ratio: z.number().gt(1).max(1e9).default(32).describe('Highest over lowest rate (slanted-triangular)'),
})

export const actionSchema = z.strictObject({
  at: z
    .int()
    .min(0)
    .max(largeCount)
    .describe('Done before the optimizer step that follows this number of steps'),
  do: z
    .union([
      z.literal('pause'),
      z.literal('stop'),
      z.literal('checkpoint'),
      z.literal('evaluate'),
      z.strictObject({ rate: z.number().min(0).max(1000).describe('Factor on every rate from here on') }),
      z.strictObject({ freeze: patterns.describe('Layers that stop training from here on') }),
      z.strictObject({ unfreeze: patterns.describe('Layers that train from here on') }),
    ])
    .describe(
      '`"pause"`, `"stop"`, `"checkpoint"`, `"evaluate"`, `{"rate": FACTOR}`, `{"freeze": [LAYERS]}` or `{"unfreeze": [LAYERS]}`',
    ),
})

export const trainSchema = z.strictObject({
  steps: z
    .int()
    .min(0)
    .max(10_000_000)
    .optional()
    .describe('Optimizer steps; default 60 when `epochs` is not given'),
  epochs: z
    .number()
    .positive()
    .max(100_000)
    .optional()
    .describe('Passes over the training images, instead of `steps`'),
  batchSize: z.int().min(1).max(4096).default(20).describe('Images in a batch'),
  optimizer: optimizerSchema.prefault({}).describe('The update rule and its rates'),
  schedule: scheduleSchema.prefault({}).describe('How the rate changes over the run'),
  seed: z
    .int()
    .min(0)
    .max(2 ** 31 - 1)
    .default(1)
    .describe('Seed of every random stream: data order, transforms, head, gates'),
  batchNorm: batchNormMode
    .optional()
    .describe("Mode of every batch norm that trains; default: the strategy's own"),
  evaluateEvery: z
    .int()
    .min(1)
    .max(largeCount)
    .optional()
    .describe('Steps between evaluations on val (else test); default: at the end only'),
  earlyStopping: z
    .strictObject({
      patience: z
        .int()
        .min(1)
        .max(largeCount)
        .default(5)
        .describe('Evaluations without a better value before the run stops'),
      metric: z
        .enum(['balancedAccuracy', 'accuracy', 'loss', 'macroF1'])
        .default('balancedAccuracy')
        .describe('What has to get better'),
    })
    .optional()
    .describe('Stop when evaluations no longer get better; default: never'),
  test: z
    .boolean()
    .optional()
    .describe(
      'Whether the test images are scored at the end; default true. `thaw tune` sets false: they choose nothing',
    ),
  keep: z
    .enum(['best', 'last'])
    .default('last')
    .describe('Weights that the run ends with; `best` needs a val split'),
  checkpoints: z
    .strictObject({
      every: z
        .int()
        .min(1)
        .max(largeCount)
        .optional()
        .describe('Steps between checkpoints; default: a tenth of the run'),
      last: z.int().min(1).max(1000).default(2).describe('How many of the newest are kept beside the best'),
      limitMB: z
        .number()
        .positive()
        .max(1e9)
        .optional()
        .describe('Most megabytes of checkpoints; default: no limit'),
    })
    .prefault({})
    .describe('How often the whole state is saved, and what is kept'),
  precision: z
    .enum(['float32', 'bfloat16', 'float16'])
    .default('float32')
    .describe(
      'What convolutions multiply in, where the device has it (back end `native`); weights, sums and all else stay float32',
    ),
  measureEvery: z
    .union([z.literal('auto'), z.int().min(1).max(largeCount)])
    .default('auto')
    .describe('Steps between layer measures; `"auto"` holds recording under 1 % of the time'),
  actions: z
    .array(actionSchema)
    .max(100_000)
    .default([])
    .describe('What is done at given steps; what a person does live is written back as these'),
  from: z
    .string()
    .min(1)
    .max(4096)
    .optional()
    .describe(
      'Folder of a checkpoint to go on from, with its step, order of images and random streams; a notebook writes one beside the run file of a fork',
    ),
  initialize: z
    .string()
    .min(1)
    .max(4096)
    .optional()
    .describe(
      'A safetensors file that sets any named parameter or buffer before step 0, under the names and in the layouts that `thaw export` writes',
    ),
  inputs: z
    .string()
    .min(1)
    .max(4096)
    .optional()
    .describe(
      'A safetensors file with `batch_order`: positions in the training images, sorted by class and path, one batch after the other; `thaw export RUN --draws` writes one',
    ),
})

export const freezeSchema = z
  .array(
    z.strictObject({
      name: z.string().min(1).max(200).optional().describe('Name of the phase on charts'),
      steps: z
        .int()
        .min(1)
        .max(largeCount)
        .optional()
        .describe('Length in steps; the last phase may leave it out'),
      train: patterns.describe('What trains; all else is frozen'),
      batchNorm: batchNormMode.optional().describe('Mode of the batch norms that train in this phase'),
    }),
  )
  .min(1)
  .max(1000)

export const deviceSchema = z.strictObject({
  threads: z
    .int()
    .min(1)
    .max(1024)
    .optional()
    .describe('Threads of one operation (native); default: the physical cores that this process may use'),
  gpu: z
    .int()
    .min(0)
    .max(1023)
    .optional()
    .describe('Which NVIDIA GPU (native), as `nvidia-smi` counts; default: the first'),
  adapter: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .describe('Part of the name of the GPU (webgpu); `swiftshader` is a software rasteriser, for tests'),
  memoryGrowth: z
    .boolean()
    .default(true)
    .describe("Take the GPU's memory as it is needed, instead of all at the start (native)"),
  tf32: z
    .boolean()
    .default(true)
    .describe('Let an NVIDIA GPU round the factors of products to 10 bits, several times faster (native)'),
  deterministic: z
    .boolean()
    .default(true)
    .describe('Only operations that give the same bits each time (native); without it a GPU may be faster'),
})

export const cacheSchema = z.strictObject({
  memory: z
    .int()
    .min(0)
    .max(1_000_000)
    .default(512)
    .describe('Megabytes of memory for features of images that need not be computed again; 0: none'),
  disk: z
    .int()
    .min(0)
    .max(100_000_000)
    .default(4096)
    .describe('Megabytes on disk for the same, shared by all runs of a folder; 0: none'),
})

/** The run file with any strategy; `strategyOptions` narrows `strategy` to the registered ones. */
export function createRunFileSchema<S extends z.ZodType>(strategy: S) {
  return z.strictObject({
    $schema: z.string().optional().describe('Where editors find the schema of this file; not read by Thaw'),
    name: z.string().min(1).max(200).optional().describe('What the run is called in lists and tables'),
    model: modelSchema.prefault({}).describe('The pre-trained network'),
    data: dataSchema.prefault({}).describe('The images it learns from'),
    strategy,
    train: trainSchema.prefault({}).describe('How long, how fast, from which seed'),
    freeze: freezeSchema.optional().describe('A list of phases that overrides what the strategy trains when'),
    backend: z
      .enum(['auto', 'native', 'webgpu', 'wasm', 'cpu'])
      .default('auto')
      .describe('What computes; `auto` takes the fastest that can do the run here'),
    device: deviceSchema.prefault({}).describe('How the back end uses the machine'),
    cache: cacheSchema.prefault({}).describe('Limits for what is kept instead of computed again'),
    tune: tuneSchema.optional().describe('What `thaw tune` tries; a plain run does not read it'),
    tuned: tunedSchema
      .optional()
      .describe('Written by `thaw tune`: how many trials these values took; a run does not read it'),
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
export type DeviceSpec = z.output<typeof deviceSchema>
export type FreezeSpec = z.output<typeof freezeSchema>
