import type { RowRange } from './rows'
import type { Series } from './series'
import type { DeclaredPhase, LayerInfo, Metrics, RunEvent, RunState } from './types'

type Of<K extends RunEvent['kind']> = Extract<RunEvent, { kind: K }>

export interface EvalPoint {
  step: number
  split: 'train' | 'val' | 'test'
  metrics: Metrics
}

/** What was declared from a step on; several for one phase when a person froze or unfroze layers in it. */
export interface Declaration {
  step: number
  phase: DeclaredPhase
}

/**
 * Everything that a list, a panel or a command line shows of a run, folded from its events. Plain data: it can be
 * sent to a webview. Records have no prototype, since names come from files.
 */
export interface RunView {
  runId: string
  name: string
  state: RunState
  /** Highest attempt seen; events of older ones are ignored. */
  attempt: number
  /** Last event number of this attempt. */
  seq: number
  /** Of the latest attempt; its layers and phases are `layers` and `phases`. */
  started?: Omit<Of<'run-started'>, 'layers' | 'phases'>
  attempts: { attempt: number; from: number; t: number; bitEqual?: boolean }[]
  /** Optimizer steps done, and planned. */
  step: number
  steps: number
  layers: LayerInfo[]
  /** As planned, each replaced by its latest declaration. */
  phases: DeclaredPhase[]
  /** Index of the phase that runs, -1 before the first. */
  phase: number
  declarations: Declaration[]
  latest?: Pick<Of<'step'>, 'step' | 'loss' | 'parts' | 'rate' | 'accuracy' | 'ms'>
  /** Steps that the log skips or tells twice within the attempts that count; 0 in a sound log. */
  missingSteps: number
  repeatedSteps: number
  /** Milliseconds spent in steps, superseded ones included. */
  ms: { data: number; compute: number; update: number; record: number }
  /** Lines by name: `loss`, `accuracy`, `part/NAME`, `rate/GROUP`, `eval/SPLIT/METRIC`; `ms`: milliseconds of each step. */
  series: Record<string, Series>
  /** At most the newest 2,000; the lines in `series` cover all. */
  evals: EvalPoint[]
  /** Latest confusion matrix by split; rows are true classes. */
  confusion: Record<string, { step: number; matrix: number[][] }>
  alarms: { step: number; code: string; layer?: string; message: string }[]
  controls: { step: number; action: unknown; source: string; attempt: number; seq: number }[]
  checkpoints: { step: number; folder: string; bytes: number; why: string; attempt: number; seq: number }[]
  /** Latest picture by name. */
  pictures: Record<string, { step: number; data: unknown }>
  /** Latest of each file in `artifacts/`, by name. */
  artifacts: Record<string, { step: number; bytes: number }>
  /** Where the layer measures that count lie in `layers.f32`. */
  rows: RowRange[]
  /** Steps between layer measures now; 0 when none was taken. */
  every: number
  progress?: { what: string; done: number; total: number }
  /** Images whose features were found in memory, on disk, or computed, in the newest attempt. */
  cache?: { memory: number; disk: number; computed: number; memoryBytes: number }
  /** The newest 200. */
  logs: { t: number; level: 'info' | 'warning' | 'error'; message: string }[]
  ended?: Pick<
    Of<'run-ended'>,
    'state' | 'step' | 'metrics' | 'split' | 'seconds' | 'moved' | 'distance' | 'message' | 'exitCode'
  >
  /** Time of the first and the last event, ms. */
  firstTime: number
  lastTime: number
}

/** A record whose keys may be any string, `__proto__` included. */
export function record<T>(from?: Record<string, T>): Record<string, T> {
  return Object.assign(Object.create(null), from)
}

export function emptyView(): RunView {
  return {
    runId: '',
    name: '',
    state: 'queued',
    attempt: 0,
    seq: -1,
    attempts: [],
    step: 0,
    steps: 0,
    layers: [],
    phases: [],
    phase: -1,
    declarations: [],
    missingSteps: 0,
    repeatedSteps: 0,
    ms: { data: 0, compute: 0, update: 0, record: 0 },
    series: record(),
    evals: [],
    confusion: record(),
    alarms: [],
    controls: [],
    checkpoints: [],
    pictures: record(),
    artifacts: record(),
    rows: [],
    every: 0,
    logs: [],
    firstTime: 0,
    lastTime: 0,
  }
}
