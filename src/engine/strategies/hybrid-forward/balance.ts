import { tf, type Tensor } from '../../backend'
import type { Options } from './meta'

/** Keeps a quotient finite where a hybrid loss has vanished. */
const EPSILON = 1e-12

/** alpha of the `schedule` at a share of the run. */
export function alphaAt(schedule: Options['schedule'], share: number): number {
  return schedule.findLast(({ from }) => from <= share)?.alpha ?? 1
}

/** The weight of both hybrid losses where it follows from the run file alone; undefined where losses decide. */
export function plannedWeight(
  { balance, alpha, schedule }: Pick<Options, 'balance' | 'alpha' | 'schedule'>,
  step: number,
  steps: number,
): number | undefined {
  if (balance === 'fixed') return 1 - alpha
  if (balance === 'schedule') return 1 - alphaAt(schedule, step / steps)
  return undefined
}

/**
 * l = loss3 / 2 / loss, from 0 to `largest`, so that both hybrid losses together are as large as the student's
 * (strategies.md section 3.2). Must not carry gradients.
 */
export function matchedWeight(loss: Tensor, student: Tensor, largest: number): Tensor {
  return tf.clipByValue(tf.div(tf.mul(student, 0.5), tf.maximum(loss, EPSILON)), 0, largest)
}

/** Losses smoothed over steps: share `smoothing` of what was, the rest of this step's. */
export function smoothed(
  before: readonly number[] | undefined,
  now: readonly number[],
  smoothing: number,
): number[] {
  return now.map((value, i) => (before ? smoothing * before[i]! + (1 - smoothing) * value : value))
}
