import { attemptOwner, highestAttempt, livenessOf, readStatus, type Liveness, type RunState } from '../events'

export function isEnded(state: RunState | undefined): boolean {
  return state === 'finished' || state === 'stopped' || state === 'failed'
}

/**
 * Whether anybody works on a run: the process in `status.json`, or the one that has just taken the highest attempt
 * and has not written a status yet. A trainer writes that it has ended as the very last thing.
 */
export function livenessOfRun(folder: string): Liveness {
  const status = readStatus(folder)
  const attempt = highestAttempt(folder)
  if (attempt === 0 || (status?.attempt === attempt && isEnded(status.state))) return 'dead'
  const owner = attemptOwner(folder, attempt)
  const both = [
    status && status.attempt > 0 ? livenessOf(status) : 'dead',
    owner ? livenessOf(owner) : 'dead',
  ]
  if (both.includes('alive')) return 'alive'
  return both.includes('unknown') ? 'unknown' : 'dead'
}
