import { openAttempt, writeStatus } from '../events'
import { Cell, STATES, type HeartbeatData } from './pulseCells'

/**
 * Writes `status.json` once from the shared cells; does nothing, and says so in `superseded`, when a newer attempt
 * has the run. A disk that is full makes the heartbeat late, which readers take for slow.
 */
export function beat({ folder, attempt, identity, shared }: HeartbeatData): void {
  const cells = new Int32Array(shared)
  try {
    openAttempt(folder, attempt).assertCurrent()
  } catch {
    Atomics.store(cells, Cell.superseded, 1)
    return
  }
  try {
    writeStatus(folder, {
      attempt,
      ...identity,
      heartbeat: Date.now(),
      state: STATES[Atomics.load(cells, Cell.state)]!,
      step: Atomics.load(cells, Cell.step),
      steps: Atomics.load(cells, Cell.steps),
    })
  } catch {
    // the next beat tries again
  }
}
