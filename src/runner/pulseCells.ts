import type { RunState } from '../events'

/** Cells of the shared memory between the trainer's main thread and its heartbeat. */
export const Cell = { wake: 0, stop: 1, state: 2, step: 3, steps: 4, superseded: 5 } as const
export const CELLS = 6

export const STATES: readonly RunState[] = [
  'queued',
  'preparing',
  'running',
  'paused',
  'finished',
  'stopped',
  'failed',
]

export const HEARTBEAT_MS = 1000

export interface HeartbeatData {
  folder: string
  attempt: number
  identity: { host: string; bootId: string; pid: number; processStart: string }
  shared: SharedArrayBuffer
}
