/** What the editor and a kernel process say to each other, over the process's own channel. */
export const KernelMethod = {
  /** Request: { cell, code } gives { ok, order }. */
  execute: 'execute',
  /** Notification: stop at the next step. */
  interrupt: 'interrupt',
  /** Request: { code, offset } gives { names }. */
  complete: 'complete',
  /** Notification from the kernel: { cell, output }. */
  output: 'output',
} as const

export interface ExecuteParams {
  cell: string
  code: string
}

export interface ExecuteResult {
  ok: boolean
}

export type KernelOutput =
  | { type: 'text'; stream: 'out' | 'error'; text: string }
  | { type: 'result'; items: Record<string, unknown> }
  | { type: 'failure'; name: string; message: string; stack: string }

export interface OutputParams {
  cell: string
  output: KernelOutput
}

export interface CompleteParams {
  code: string
  offset: number
}

export interface CompleteResult {
  names: { name: string; kind: 'method' | 'field'; detail: string }[]
}

export const STEP_MIME = 'application/vnd.thaw.step+json'

/** What some training steps did; shown by the renderer, and as text where there is none. */
export interface StepOutput {
  v: 1
  name: string
  strategy: string
  /** Steps done, and planned. */
  done: number
  planned: number
  steps: number[]
  loss: number[]
  parts: Record<string, number[]>
  accuracy: number[]
  /** Mean milliseconds a step. */
  ms: number
  stages: {
    name: string
    layers: number
    training: boolean
    /** Greatest update ratio of the stage's layers at each of `steps`; null: not measured. */
    update: (number | null)[]
    /** Moved since the phase's start; null: not measured. */
    moved: (boolean | null)[]
    /** Greatest distance from the pre-trained values now. */
    distance: number
  }[]
}
