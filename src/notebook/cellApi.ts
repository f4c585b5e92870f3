/**
 * What cells may use, as types. This file imports nothing, so that its text is the declaration that
 * completion and hover in cells come from; `api/globals.ts` implements it. All names of `CellGlobals` are global in a cell.
 */
export interface CellGlobals {
  /** Everything below under one name, for cells that use a name for something of their own. */
  thaw: Omit<CellGlobals, 'thaw'> & { open: CellGlobals['openFile'] }

  /**
   * Opens a run file beside the notebook: loads network and data, and stands before the first step.
   * @example const session = await openFile('full.thaw.json')
   */
  openFile(file: string, options?: OpenOptions): Promise<Session>

  /**
   * Loads a pre-trained network.
   * @param source a packaged network (`'efficientnet-lite0'`), a file beside the notebook, or an architecture to start
   * from scratch with
   * @example const model = await load('efficientnet-lite0', { cut: 'stage6' })
   */
  load(source?: string, options?: ModelOptions): Promise<Model>

  /**
   * Opens a folder of images with a folder per class, or a packaged set.
   * @example const data = await images('noto-drawings', { shots: 10 })
   */
  images(source?: string, options?: DataOptions): Promise<Data>

  /**
   * Begins a session: the network with a new head, the data and a strategy, before the first step. Options of the
   * strategy stand beside the others. The cell ends when the session is ready.
   * @example const session = tune(model, data, { strategy: 'l2-sp', alpha: 1, rate: 3e-4 })
   */
  tune(model: Model | string, data: Data | string, options?: TuneOptions): Session

  /**
   * Two sessions side by side: what moved, and who gets which held-out images right, with a 95 % interval of the
   * difference on the same images (paired) and McNemar's exact test.
   */
  compare(a: Session, b: Session): Promise<Comparison>

  /**
   * A run of the queue, live or finished.
   * @param run its id, the beginning of its id, or the path of its folder; default: the newest
   */
  attach(run?: string): Promise<AttachedRun>

  /** The strategies that `tune` knows, with their options. */
  strategies(): Table

  /** Shows a value as a cell's last line would. Numbers and texts come as they are, arrays of objects as a table. */
  show(...values: unknown[]): void

  /**
   * A table of rows.
   * @example table([{ rate: 1e-3, loss: 0.4 }, { rate: 1e-4, loss: 0.6 }])
   */
  table(rows: readonly Record<string, unknown>[], title?: string): Table
}

/** A packaged strategy; a path such as `'./mine.ts'` names one of your own. */
export type StrategyName =
  | 'scratch'
  | 'linear-probe'
  | 'last-k'
  | 'full'
  | 'gradual'
  | 'lp-ft'
  | 'l2-sp'
  | 'delta'
  | 'fitnets'
  | 'l2t-ww'
  | 'hybrid-forward'
  | 'transtailor'
  | 'spottune'
  | 'adafilter'
  | (string & {})

export interface ModelOptions {
  /** The network, when the file does not say it. */
  architecture?: string
  /** Last stage or layer that is kept. */
  cut?: string
  /** Side of the square input, pixels. */
  inputSize?: number
  /** What a Keras or tfjs network expects of pixels. */
  pixels?: '0..255' | '0..1' | '-1..1' | 'imagenet'
  /** Dropout before the head while training. */
  dropout?: number
  /** Standard deviation of the head's initial weights. */
  headStd?: number
}

export interface DataOptions {
  /** Training images kept per class. */
  shots?: number
  /** Share of the training images kept, per class. */
  fraction?: number
  /** Shares of each class for validation and test, and the seed of the choice. */
  split?: { val?: number; test?: number; seed?: number }
  /** Random changes to training images, or `'none'`. */
  transforms?:
    'none' | { flip?: boolean; rotate?: number; scale?: [number, number]; shift?: number; fill?: string }
  /** So many fixed augmented views of each image. */
  views?: number
  /** Draw training images in a new random order each epoch. */
  shuffle?: boolean
  /** Colour under transparent pixels. */
  background?: string
}

export interface TuneOptions extends ForkOptions {
  /** Seed of every random stream. */
  seed?: number
  /** Steps that are planned: schedules and phases are laid out over them. Default 60. */
  steps?: number
  /** Passes over the training images, instead of `steps`. */
  epochs?: number
  /** Images in a batch. */
  batchSize?: number
  /** What computes; default: the fastest there is. */
  backend?: 'auto' | 'native' | 'webgpu' | 'wasm' | 'cpu'
}

/** What a fork may do otherwise than its parent. Any other name is an option of the strategy. */
export interface ForkOptions {
  /** Name on displays and in lists of runs. */
  name?: string
  /** Default for `tune`: `'full'`; for a fork: the parent's with its options. */
  strategy?: StrategyName | { name: StrategyName; [option: string]: unknown }
  /** Learning rate of the backbone. */
  rate?: number
  /** Learning rate of the head; default 10 times `rate`. */
  headRate?: number
  /** The update rule and its constants, as in a run file. */
  optimizer?: { name?: 'sgd' | 'adam' | 'adamw'; [constant: string]: unknown }
  /** How the rate changes over the run, as in a run file. */
  schedule?: {
    name?: 'constant' | 'step' | 'cosine' | 'one-cycle' | 'slanted-triangular'
    [option: string]: unknown
  }
  /** Phases that override what the strategy trains when, as in a run file. */
  freeze?: { name?: string; steps?: number; train: string[] }[]
  /** An option of the strategy, such as `alpha` of `l2-sp`. */
  [strategyOption: string]: unknown
}

export interface OpenOptions {
  /** Name on displays and in lists of runs. */
  name?: string
}

/** A pre-trained network. Shows its stages. */
export interface Model {
  readonly name: string
  readonly source: string
  readonly architecture: string
  readonly parameters: number
  /** Stages, bottom up. */
  readonly stages: string[]
  /** Its layers as a tree. */
  layers(): Layers
}

/** Labelled images in three splits. Shows its counts by class. */
export interface Data {
  readonly source: string
  readonly classes: string[]
  readonly train: Images
  readonly val: Images
  readonly test: Images
}

/** Some labelled images of a data set. Shows them. */
export interface Images {
  readonly length: number
  readonly paths: string[]
  /** So many images, drawn at random without repetition; the same seed gives the same. */
  sample(count: number, options?: { seed?: number }): Images
  /** Those of a class. */
  of(name: string): Images
  /** The first so many. */
  first(count: number): Images
}

/** A training run in the notebook, one step at a time. It is a run folder too: the panel can open it. */
export interface Session {
  /** Name on displays and in lists of runs. */
  readonly name: string
  /** Steps done. */
  readonly steps: number
  /** Steps that are planned. */
  readonly planned: number
  /** Stages of the network, bottom up. */
  readonly stages: string[]
  readonly classes: string[]
  /** Its run's id, for `attach` and the command line. */
  readonly runId: string

  /**
   * Takes training steps and shows what they did while it goes on. An interrupt ends between two steps and loses none.
   * @param count default 1
   */
  step(count?: number): Promise<Steps>

  /** Takes all steps that are left, and evaluates. */
  finish(): Promise<Steps>

  /**
   * Freezes layers from the next step on: no gradient, and batch-norm statistics stay.
   * @param layers names of stages, layers or parameters; `*` matches any run of characters
   */
  freeze(...layers: string[]): void

  /** Lets layers train from the next step on. */
  unfreeze(...layers: string[]): void

  /** Learning rate of the backbone before the schedule. Setting it scales the rates of all groups alike. */
  rate: number

  /** The images that the next step will see, as transformed. Takes no step. */
  batch(): Promise<Images>

  /**
   * What the network of now says of images.
   * @param images of a data set (`data.test.sample(12)`), or paths of images or folders; default: 12 held-out images
   */
  predict(images?: Images | string | string[]): Promise<Predictions>

  /** Metrics on held-out images with the weights of now. */
  evaluate(split?: 'train' | 'val' | 'test'): Promise<Metrics>

  /** The network as a tree, with what is frozen and how far each layer moved. */
  layers(): Promise<Layers>

  /** Layers by steps: declared against what really moved. */
  freezeMap(options?: { by?: 'stage' | 'block' | 'layer' }): Promise<FreezeMap>

  /** Loss, accuracy and rates over the steps. */
  curves(): Promise<Curves>

  /** Norms of the gradient of the last step and of its update, by layer. */
  gradients(): Promise<Gradients>

  /**
   * The session as it stood after so many steps, as a new one that goes its own way from there. Exact: the nearest
   * rewind point, and the steps from there again.
   */
  at(step: number): Promise<Session>

  /**
   * A session that goes on from here with the same weights and the same batches; what `options` name is otherwise.
   * With another strategy that one's phases begin here.
   */
  fork(options?: ForkOptions): Session

  /**
   * The run file that gives these weights from the command line, bit for bit: what was done live becomes
   * `train.actions`.
   * @param file beside the notebook; default: nothing is written
   * @throws when weights were changed otherwise than by the session, naming the cell
   */
  toRunFile(file?: string): Promise<string>

  /** Named values of now, as copies; `set` changes them at your own risk: such a session gives no run file. */
  readonly weights: Weights

  /** Writes a checkpoint to the run folder, from which `thaw export` and others can go on. */
  checkpoint(): Promise<void>

  /** Frees its memory and ends its run. */
  close(): Promise<void>
}

export interface Weights {
  /** Names of origin of parameters and buffers. */
  names(): string[]
  get(name: string): { shape: number[]; data: Float32Array }
  set(name: string, data: ArrayLike<number>): void
}

/** A run of the queue, live or finished. */
export interface AttachedRun {
  readonly id: string
  readonly name: string
  readonly state: 'queued' | 'preparing' | 'running' | 'paused' | 'finished' | 'stopped' | 'failed'
  readonly steps: number
  readonly planned: number
  curves(): Promise<Curves>
  freezeMap(options?: { by?: 'stage' | 'block' | 'layer' }): Promise<FreezeMap>
  layers(): Promise<Layers>
  /** With the network of its newest checkpoint. */
  predict(images?: Images | string | string[]): Promise<Predictions>
  /** A session of your own from one of its checkpoints; the run stays as it is. Default: the newest. */
  at(step?: number): Promise<Session>
  pause(): Promise<void>
  resume(): Promise<void>
  stop(): Promise<void>
  freeze(...layers: string[]): Promise<void>
  unfreeze(...layers: string[]): Promise<void>
  /** Waits for its end, showing how far it is; an interrupt ends the waiting, not the run. */
  finished(): Promise<void>
}

/** What one step did. */
export interface StepReport {
  /** Steps done with it. */
  step: number
  phase: string
  loss: number
  /** Each part of the loss by name; their sum is `loss`. */
  parts: Record<string, number>
  /** On the training batch, 0 to 1. */
  accuracy: number
  /** By parameter group. */
  rate: Record<string, number>
  /** Milliseconds. */
  ms: { data: number; compute: number; update: number; record: number }
}

/** What some steps did. */
export type Steps = StepReport[]

export interface Metrics {
  count: number
  loss: number
  accuracy: number
  balancedAccuracy: number
  /** 95 % interval of the balanced accuracy. */
  low: number
  high: number
  macroF1: number
  logLoss: number
  /** Expected calibration error. */
  ece: number
}

export interface Prediction {
  path: string
  predicted: string
  /** By class, summing to 1. */
  probabilities: number[]
  actual?: string
}

/** Shows images with what the network says of them. */
export type Predictions = Prediction[]

export interface LayerGradient {
  layer: string
  stage: string
  /** L2 norm of the gradient; 0 where nothing trains. */
  norm: number
  /** ‖Δw‖ / ‖w‖ of the step. */
  update: number
}

/** Shows a table by layer. */
export type Gradients = LayerGradient[]

export interface LayerState {
  name: string
  stage: string
  block: string
  kind: string
  parameters: number
  training: boolean
  batchNorm?: string
  /** Relative change since the phase's declaration; null: not measured yet. */
  moved: number | null
  /** ‖w − w0‖ / ‖w0‖; null: not measured yet. */
  distance: number | null
}

/** Shows the network as a tree. */
export type Layers = LayerState[]

/** Shows layers by steps. */
export interface FreezeMap {
  steps: number[]
  rows: {
    name: string
    stage: string
    update: (number | null)[]
    training: boolean[]
    moved: (boolean | null)[]
  }[]
}

/** Shows lines over steps. */
export interface Curves {
  /** By name: `loss`, `accuracy`, `part/NAME`, `rate/GROUP`, `eval/SPLIT/balancedAccuracy`. */
  series: Record<string, { steps: number[]; values: number[] }>
}

/** Shows a table. */
export interface Table {
  columns: string[]
  rows: (string | number | null)[][]
}

/** Shows two sessions side by side. */
export interface Comparison {
  /** b minus a, balanced accuracy on the same held-out images. */
  difference?: { value: number; low: number; high: number; separated: boolean; p: number }
}
