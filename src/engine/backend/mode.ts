import { tf } from './tf'

let forced = 0

/**
 * Runs `fn` with the differentiable form of every op: each backward is made of our ops again and recomputes from
 * inputs what it needs (platform-facts section 3 item 8), so gradients of gradients are right. A gradient taken
 * inside another gradient switches by itself; this is for everything else, tests above all. Synchronous only: ops
 * run after an await are in the normal mode again.
 */
export function secondOrder<T>(fn: () => T): T {
  forced++
  try {
    return fn()
  } finally {
    forced--
  }
}

/** Whether a backward that runs now must itself be differentiable. */
export function differentiable(): boolean {
  return forced > 0 || engineState().gradientDepth > 0
}

/** The parts of tfjs's engine that we read; pinned with its version in package.json. */
export interface EngineState {
  gradientDepth: number
  kernelDepth: number
  activeTape: TapeNode[] | null
}

export interface TapeNode {
  id: number
  kernelName: string
  inputs: Record<string, tf.Tensor>
  outputs: tf.Tensor[]
  gradient?: (dys: (tf.Tensor | null)[]) => Record<string, () => tf.Tensor>
  saved: tf.Tensor[]
}

export function engineState(): EngineState {
  return (tf.engine() as unknown as { state: EngineState }).state
}
