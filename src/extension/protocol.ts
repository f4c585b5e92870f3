export type { StepOutput } from '../notebook/protocol'
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

/** Fixed for one attempt of a run. */
export interface PanelRun {
  id: string
  name: string
  folder: string
  attempt: number
  strategy: { name: string; title: string }
  seed: number
  device: { backend: string; where: string }
  steps: number
  classes: number
  /** Declared phases by step, with what they declare for each layer. */
  phases: DeclaredPhase[]
  layers: LayerInfo[]
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
  /** Index of the phase that runs, -1 before the first. */
  phase: { current: number; count: number }
  /** Unknown until some steps are done. */
  leftMs?: number
  progress?: { what: string; done: number; total: number }
  message?: string
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

export type Command = { do: 'pause' } | { do: 'resume' } | { do: 'stop' }

export type ToHost =
  | { v: 1; type: 'catch-up'; cursor?: Cursor }
  | {
      v: 1
      type: 'window'
      request: number
      measures: LayerMeasure[]
      from: number
      to: number
      columns: number
    }
  | { v: 1; type: 'control'; command: Command }

export type ToPanel =
  | { v: 1; type: 'changed' }
  | {
      v: 1
      type: 'update'
      run?: PanelRun
      head: PanelHead
      marks: Mark[]
      measured: Measured
      evals: Accuracy[]
      attempt: number
      /** `loss`, `accuracy`, `part/NAME`, `rate/GROUP`; `smooth/…` is the running average of a loss. */
      lines: Record<string, LineNews>
    }
  | { v: 1; type: 'window'; request: number; window: LayerWindow }
  | { v: 1; type: 'answer'; ok: boolean; message: string }
