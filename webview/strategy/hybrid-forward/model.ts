import type { BalanceRow } from '../../../src/events/pictures/hybrid-forward'

/** Shares of the three losses' weights in the objective; the student's own weighs 1. */
export function weightShares({ weights: [first, second] }: BalanceRow): [number, number, number] {
  const all = 1 + first + second
  return [1 / all, first / all, second / all]
}
