import type { MachineFailure } from './failures'

/**
 * What a front end and a kernel process say to each other, as JSON-RPC over the process's own channel. Requests come
 * from the front end; the kernel answers requests other than `execute` also while a cell runs (between steps).
 */
export const KernelMethod = {
  /** Request `ExecuteParams` gives `ExecuteResult`. One at a time: the front end keeps the queue (kernelMachine.ts). */
  execute: 'execute',
  /** Notification: end the running cell at the next step border; code that never comes up for air is broken off. */
  interrupt: 'interrupt',
  /** Request `CompleteParams` gives `CompleteResult`. */
  complete: 'complete',
  /** Request without parameters gives `VariablesResult`. */
  variables: 'variables',
  /** Request `ShowParams` gives `ShowResult`: a variable as a cell would show it. */
  show: 'show',
  /** Request `RunFileParams` gives `RunFileResult`: a session as a run file. */
  runFile: 'run-file',
  /** Request without parameters gives `SessionsResult`: open sessions with their run folders, for the panel. */
  sessions: 'sessions',
  /** Notification from the kernel `ReadyParams`: it can run cells. */
  ready: 'ready',
  /** Notification from the kernel `OutputParams`. */
  output: 'output',
  /** Notification from the kernel `MemoryUse`: every second while a cell runs, and after each. */
  memory: 'memory',
} as const

export type CellLanguage = 'typescript' | 'json'

export interface ExecuteParams {
  /** The front end's own name of the cell. */
  cell: string
  code: string
  /** Default `typescript`. */
  language?: CellLanguage
  /** How errors and refusals name the cell, for example `cell 3`. */
  label?: string
}

export interface ExecuteResult {
  ok: boolean
  /** Ended by an interrupt. */
  interrupted?: boolean
  /** Milliseconds from the kernel's first to its last work on the cell. */
  ms: number
  /** Training steps taken in it, all sessions together. */
  steps: number
  /** In a few words for the status bar of the cell: `60 steps, 0.30 s a step`, `replayed 3 steps from 37`. */
  note?: string
}

/** Forms of one output by MIME type: text, JSON, or for pictures (`image/png`) base64. */
export type OutputItems = Record<string, unknown>

export type KernelOutput =
  /** Console; a stream is cut off at `TEXT_LIMIT` characters a cell, and says so. */
  | { type: 'text'; stream: 'out' | 'error'; text: string }
  /** A value or display. With `id`, `update` may follow, also for a display that is not the cell's last output. */
  | { type: 'result'; items: OutputItems; id?: string }
  /** New content of a display; `final` once, with the text form for saving (others carry the JSON form alone). */
  | { type: 'update'; id: string; items: OutputItems; final: boolean }
  | CellFailure

export interface CellFailure {
  type: 'failure'
  name: string
  message: string
  /** Lines of the person's own code alone, positions in the cells: `at cell 3, line 2, column 7`. '' for a UserError. */
  stack: string
  /** Where in the cell's own text it happened, counted from 1. */
  place?: { cell: string; line: number; column: number }
}

/** Characters of console text that one cell may print; what comes after is counted and dropped. */
export const TEXT_LIMIT = 500_000
/** Bytes of JSON that one display may have; a bigger one is shown by its text alone. */
export const DISPLAY_LIMIT = 8_000_000

export interface OutputParams {
  /** The cell whose code made it, which may have ended (a timer that it left behind). */
  cell: string
  output: KernelOutput
}

export interface ReadyParams {
  pid: number
  node: string
  /** Milliseconds since the process began. */
  ms: number
}

/** Bytes. */
export interface MemoryUse {
  /** Of the process, as the system counts. */
  resident: number
  heapUsed: number
  /** Where the heap ends. */
  heapLimit: number
  tensors: number
  tensorBytes: number
  /** Rewind points of all sessions, and their limit. */
  checkpointBytes: number
  checkpointLimit: number
}

export interface CompleteParams {
  code: string
  offset: number
}

export interface CompleteResult {
  names: { name: string; kind: 'method' | 'field'; detail: string }[]
}

export interface Variable {
  name: string
  /** `Session`, `number[]`, `function` … */
  type: string
  /** In one line, at most 200 characters. */
  text: string
  /** Cell that declared it last. */
  cell?: string
  /** Length of an array, size of a map, steps of a session. */
  size?: number
}

export interface VariablesResult {
  variables: Variable[]
}

export interface ShowParams {
  name: string
}

export interface ShowResult {
  /** Absent when there is no such variable. */
  items?: OutputItems
}

export interface RunFileParams {
  /** Variable that holds the session; default: the newest session. */
  session?: string
}

/** Either the text of a run file, or why there is none. */
export type RunFileResult =
  { ok: true; text: string; name: string; base: string } | { ok: false; message: string }

export interface SessionsResult {
  sessions: { variable?: string; name: string; runId: string; folder: string; step: number; steps: number }[]
}

/** Of a kernel, for a status bar. */
export interface KernelStatus {
  state: 'off' | 'starting' | 'idle' | 'busy' | 'interrupting' | 'restarting' | 'lost'
  /** That runs. */
  cell?: string
  /** Waiting, in order. */
  queued: string[]
  pid?: number
  memory?: MemoryUse
  /** Of `lost`: what happened, in a sentence. */
  why?: string
  /** Of `lost`. */
  failure?: MachineFailure
}
