import type { Metrics } from '../../events/types'

export type Watched = 'balancedAccuracy' | 'accuracy' | 'loss' | 'macroF1'

/** JSON; part of every checkpoint. */
export interface BestState {
  step: number
  value: number
  /** Evaluations since. */
  worse: number
}

/** Keeps the best evaluation so far. A value that is not finite is never better. */
export function judge(
  best: BestState | undefined,
  metric: Watched,
  metrics: Metrics,
  step: number,
): BestState {
  const value = metrics[metric]
  const better =
    Number.isFinite(value) && (!best || (metric === 'loss' ? value < best.value : value > best.value))
  if (better) return { step, value, worse: 0 }
  return best
    ? { ...best, worse: best.worse + 1 }
    : { step, value: metric === 'loss' ? Infinity : -Infinity, worse: 0 }
}
