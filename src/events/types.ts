/** The event union: all that a run tells. Design section 4. A reader must ignore kinds it does not know. */
export const EVENT_VERSION = 1

/** Per-layer measures, in the order of their columns in `layers.f32`. */
export const LAYER_MEASURES = [
  /** L2 norm of the gradient of the layer's parameters at this step. */
  'gradientNorm',
  /** ||w after - w before|| / ||w before|| of this step. */
  'updateRatio',
  /** ||w - w0|| / ||w0||, 0 for layers without a pre-trained value (head: distance from its initial value). */
  'distance',
  /** Mean over channels of |running mean - its value in w0| / sqrt(running variance in w0 + eps); 0 without batch norm. */
  'batchNormDrift',
  /** Relative L2 change of parameters and buffers since the start of the phase; exactly 0 iff bit-identical. */
  'moved',
] as const
export type LayerMeasure = (typeof LAYER_MEASURES)[number]

/** A row of the layer table: fixed for a run, in graph order; the index is the layer's column block in `layers.f32`. */
export interface LayerInfo {
  name: string
  stage: string
  /** Block inside the stage ('' when the stage has no blocks), shown as a foldable row. */
  block: string
  kind: string
  parameters: number
  /** Parameter and buffer names of origin. */
  names: string[]
  batchNorm: boolean
}

export type BatchNormMode = 'train' | 'train_nostats' | 'eval_affine' | 'frozen'

/** What a phase declares for each layer of the layer table. */
export interface LayerDeclaration {
  /** Some parameter of the layer is trained. */
  training: boolean
  batchNorm?: BatchNormMode
}

export interface DeclaredPhase {
  index: number
  name: string
  /** First step (0-based) and the step after the last, as planned. */
  from: number
  to: number
  /** By layer index. */
  declared: LayerDeclaration[]
}

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
  /** Expected calibration error, 15 equal-width bins. */
  ece: number
}

export type RunState = 'queued' | 'preparing' | 'running' | 'paused' | 'finished' | 'stopped' | 'failed'

export type RunEventBody =
  | {
      kind: 'run-started'
      runId: string
      name: string
      strategy: { name: string; title: string; type: string; options: unknown }
      seed: number
      backend: { name: string; version: string; threads: number; device: string }
      process: { pid: number; node: string; execPath: string; host: string }
      model: { source: string; architecture: string; hash: string; parameters: number }
      data: { source: string; classes: string[]; counts: { train: number; val: number; test: number } }
      steps: number
      phases: DeclaredPhase[]
      layers: LayerInfo[]
      /** Step the attempt goes on from; 0 at the first attempt. Steps >= it of older attempts are superseded. */
      from: number
      bitEqual?: boolean
    }
  | { kind: 'phase'; phase: DeclaredPhase; step: number }
  | {
      kind: 'step'
      /** Number of optimizer updates done, so the first is 1. */
      step: number
      phase: number
      loss: number
      /** Each part of the loss by name ('cross-entropy', 'l2-sp', …); their sum is `loss`. */
      parts: Record<string, number>
      /** Rate by parameter group ('backbone', 'head', …). */
      rate: Record<string, number>
      accuracy?: number
      /** Milliseconds. */
      ms: { data: number; compute: number; update: number; record: number }
    }
  | {
      kind: 'layers'
      step: number
      /** Rows [row, row + rows) of `layers.f32`; one row is one measured step. */
      row: number
      rows: number
      /** Measured every so many steps at this moment. */
      every: number
    }
  | {
      kind: 'eval'
      step: number
      split: 'train' | 'val' | 'test'
      metrics: Metrics
      /** Rows are true classes, columns predictions. */
      confusion?: number[][]
    }
  | { kind: 'picture'; step: number; name: string; data: unknown }
  /** A file beside the log that a view may show: `artifacts/NAME` in the run folder, see artifacts.ts. Replaces one of the same name. */
  | { kind: 'artifact'; step: number; name: string; bytes: number }
  | { kind: 'alarm'; step: number; code: string; layer?: string; message: string }
  | { kind: 'control'; step: number; action: unknown; source: string }
  | { kind: 'checkpoint'; step: number; folder: string; bytes: number; why: string }
  | { kind: 'state'; state: RunState }
  /** Work outside steps: caching features, solving the probe, decoding. */
  | { kind: 'progress'; what: string; done: number; total: number }
  /**
   * Features of images that did not have to be computed again, counted in images since the attempt's start: found in
   * memory, found on disk, computed.
   */
  | { kind: 'cache'; step: number; memory: number; disk: number; computed: number; memoryBytes: number }
  | { kind: 'log'; level: 'info' | 'warning' | 'error'; message: string }
  | {
      kind: 'run-ended'
      state: 'finished' | 'stopped' | 'failed'
      step: number
      /** Final metrics on the test split, else on val. */
      metrics?: Metrics
      split?: 'val' | 'test'
      seconds: number
      /** Share of backbone parameter values that differ from w0, 0 to 1. */
      moved: number
      /** ||w - w0|| / ||w0|| over the backbone. */
      distance: number
      message?: string
      /** What a command that followed the run ends with, when it failed: 1 the run, 2 what was written, 3 the machine. */
      exitCode?: number
    }

export type RunEventKind = RunEventBody['kind']

/** One line of `events.jsonl`. `seq` counts from 0 without gaps inside an attempt; `t` is Unix time in ms. */
export type RunEvent = RunEventBody & { v: typeof EVENT_VERSION; seq: number; t: number; attempt: number }

/** `status.json`. */
export interface RunStatus {
  attempt: number
  host: string
  bootId: string
  pid: number
  /** Start time of the process as the system tells it (ticks on Linux), so that a reused pid is not mistaken for it. */
  processStart: string
  heartbeat: number
  state: RunState
  step: number
  steps: number
}
