export type * from '../notebook/displays'
export type { OutputItems } from '../notebook/protocol'
import type { DeclaredPhase, LayerInfo, LayerMeasure, RunState } from '../events/types'

/**
 * What panel and host say to each other. The panel pulls: the host says only that something changed, the panel
 * asks from its cursor, so that a message lost while it was hidden costs nothing.
 */
export const PROTOCOL_VERSION = 1

/** How far the panel's curves reach: lines thinned otherwise, or of another attempt, are sent whole. */
export interface Cursor {
  attempt: number
  /** By line name. */
  lines: Record<string, { stride: number; step: number }>
}

/** An option in use, as text; nested ones by their path. */
export interface StrategyOption {
  name: string
  value: string
  /** The run file does not say otherwise; unknown for a strategy of the user's own. */
  isDefault?: boolean
}

/** Fixed for one attempt of a run. */
export interface PanelRun {
  id: string
  name: string
  folder: string
  attempt: number
  strategy: { name: string; title: string; summary?: string; options: StrategyOption[] }
  seed: number
  device: { backend: string; where: string }
  steps: number
  classes: number
  /** Declared phases by step, with what they declare for each layer. */
  phases: DeclaredPhase[]
  layers: LayerInfo[]
  /** Where the page finds the files of `artifacts/`: an address to put `/NAME` behind. */
  artifacts: string
  /** Names of the classes, by index. */
  classNames: string[]
}

export interface Accuracy {
  step: number
  split: 'train' | 'val' | 'test'
  balancedAccuracy: number
  low: number
  high: number
  count: number
}

export interface PanelHead {
  state: RunState
  step: number
  steps: number
  accuracy?: Accuracy
  elapsedMs: number
  /** Factor on every rate that a person or the run file set last. */
  rateFactor: number
  /** Index of the phase that runs, -1 before the first. */
  phase: { current: number; count: number }
  /** Unknown until some steps are done. */
  leftMs?: number
  progress?: { what: string; done: number; total: number }
  message?: string
  /** Its trainer is gone before the end: it can go on from its last `checkpoint`, or begins again at the `start`. */
  resume?: 'checkpoint' | 'start'
  /** What went wrong with the run or its folder, and the ways on. */
  trouble?: Trouble
}

/** A way on: `resume` from the last checkpoint, the `log` of the trainer, the run's `events`, clear the `cache`, the list of `runs`, `close` the panel. */
export type Way = 'resume' | 'log' | 'events' | 'cache' | 'runs' | 'close'

export interface Trouble {
  kind: 'gone' | 'killed' | 'silent' | 'failed' | 'newer' | 'torn'
  message: string
  ways: Way[]
}

export interface Mark {
  kind: 'alarm' | 'checkpoint' | 'control'
  step: number
  text: string
  /** A few words beside the mark on the map. */
  short: string
  /** Layer index of an alarm. */
  layer?: number
}

/** News of one line: drop the points from step `from` on, then append. A gap is null; at most 2,000 points in all. */
export interface LineNews {
  stride: number
  from: number
  steps: number[]
  values: (number | null)[]
}

export interface Measured {
  /** Last measured step, 0 before the first. */
  step: number
  /** Steps between measures now. */
  every: number
  /** Share of training time that recording takes, 0 to 1. */
  recording?: number
}

/** A layer window: for each layer and column the greatest value of the measure; NaN where nothing was measured. */
export interface LayerWindow {
  /** First and last measured step of each column. */
  from: number[]
  to: number[]
  layers: number
  /** [layers, columns], row by row. */
  values: Partial<Record<LayerMeasure, Float32Array>>
}

export type Command =
  | { do: 'pause' }
  | { do: 'resume' }
  | { do: 'stop' }
  /** While paused: so many steps, then pause again. */
  | { do: 'step'; count: number }
  /** Factor on every rate. */
  | { do: 'rate'; factor: number }
  /** Layer, stage or parameter names. */
  | { do: 'freeze'; layers: string[] }
  | { do: 'unfreeze'; layers: string[] }
  | { do: 'checkpoint' }
  | { do: 'evaluate' }

/** A run that lies beside the shown one. */
export interface OtherRun {
  id: string
  folder: string
  name: string
  strategy: string
  state: RunState
  /** Unix ms. */
  created: number
  seed: number
  step: number
  steps: number
  accuracy?: Accuracy
}

/** Curves of another run, to be laid over. Lines as in an update, whole. */
export interface OtherCurves {
  folder: string
  name: string
  seed: number
  steps: number
  evals: Accuracy[]
  lines: Record<string, LineNews>
}

/** Two runs on the images that both predicted. */
export interface PairedResult {
  a: string
  b: string
  images: number
  /** Balanced accuracy of b minus a with a 95 % interval. */
  difference: number
  low: number
  high: number
  /** Corrected for as many comparisons as there are (Holm). */
  p: number
  /** The interval of the difference leaves out 0 and p < 0.05. */
  separated: boolean
}

export interface Comparison {
  runs: (OtherRun & { seconds?: number; moved?: number })[]
  /** Each pair once, the shown run first where it takes part. */
  pairs: PairedResult[]
  /** Fields of the run file that differ, with each run's value as text, in the order of `runs`. */
  differences: { path: string; values: (string | undefined)[] }[]
  /** What makes the comparison unfair or weak, in sentences. */
  warnings: string[]
}

/** History of one layer at the view's own resolution, all measures. */
export interface LayerHistory {
  layer: number
  from: number[]
  to: number[]
  /** Greatest of each column; null where nothing was measured. */
  high: Partial<Record<LayerMeasure, (number | null)[]>>
}

/** Each is answered by one message with its `request`, or by `refused`. */
export type Question =
  | { type: 'window'; measures: LayerMeasure[]; from: number; to: number; columns: number }
  | { type: 'layer'; layer: number; columns: number }
  /** Latest picture of this name (a strategy's own data, see src/events/pictures), of this run or of one beside it. */
  | { type: 'picture'; name: string; folder?: string }
  /** Small pictures of images of the data, as far as the run folder has them. */
  | { type: 'thumbnails'; split: 'train' | 'val' | 'test'; paths: string[] }
  /** Curves of a run that lies beside this one. */
  | { type: 'curves'; folder: string }
  /** A JSON file of `artifacts/` (src/events/artifacts.ts). */
  | { type: 'artifact'; name: string }
  | { type: 'runs' }
  | { type: 'compare'; folders: string[] }

export type Answer =
  | { type: 'window'; window: LayerWindow }
  | { type: 'layer'; history: LayerHistory }
  | { type: 'picture'; name: string; step: number; data: unknown }
  /** By path, as `data:` addresses. */
  | { type: 'thumbnails'; images: Record<string, string> }
  | { type: 'curves'; curves: OtherCurves }
  | { type: 'artifact'; name: string; data: unknown }
  | { type: 'runs'; runs: OtherRun[] }
  | { type: 'compare'; comparison: Comparison }
  | { type: 'refused'; message: string }

export type ToHost =
  | { v: 1; type: 'catch-up'; cursor?: Cursor }
  | ({ v: 1; request: number } & Question)
  | { v: 1; type: 'control'; command: Command }
  /** Asks where to save, then writes. `content` is text, or base64 for PNG. */
  | { v: 1; type: 'save'; name: string; format: 'svg' | 'png' | 'csv'; content: string }
  /** Opens an image of the data, by its relative path. */
  | { v: 1; type: 'open'; image: string }
  /** A way out of a trouble was chosen. */
  | { v: 1; type: 'way'; way: Way }

export type ToPanel =
  | { v: 1; type: 'changed' }
  /** Opens a section; `folders` are compared there, the reference first. */
  | { v: 1; type: 'show'; section: 'compare'; folders: string[] }
  | {
      v: 1
      type: 'update'
      run?: PanelRun
      head: PanelHead
      marks: Mark[]
      measured: Measured
      evals: Accuracy[]
      attempt: number
      /** `loss`, `accuracy`, `part/NAME`, `rate/GROUP`, `ms`. */
      lines: Record<string, LineNews>
      /** Step of the latest picture and artifact by name: ask when it has changed. */
      pictures: Record<string, number>
      artifacts: Record<string, number>
    }
  | ({ v: 1; request: number } & Answer)
  | { v: 1; type: 'answer'; ok: boolean; message: string }

/** What the host tells the notebook renderer: newer data of the display that has this id. */
export type ToRenderer = { type: 'update'; id: string; mime: string; data: unknown }

/** What the renderer asks of the host: the newest data of a display that still grows. */
export type FromRenderer = { type: 'newest'; id: string }
