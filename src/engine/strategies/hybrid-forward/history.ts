import type { BalanceRow } from '../../../events/pictures/hybrid-forward'

/** Rows that a picture holds at most. */
const LIMIT = 400

/** Plain JSON, part of a checkpoint. */
export interface HistoryState {
  rows: BalanceRow[]
  /** Steps in a full row. */
  every: number
  /** Steps in the last one. */
  open: number
}

export const emptyHistory = (): HistoryState => ({ rows: [], every: 1, open: 0 })

type Triple = BalanceRow['losses']

const mixed = <T extends (number | null)[]>(a: T, b: T, share: number): T =>
  a.map((value, i) => (value === null ? b[i]! : b[i] === null ? value : value + (b[i]! - value) * share)) as T

/** @param share of the second in the mean */
function merged(a: BalanceRow, b: BalanceRow, share: number): BalanceRow {
  return {
    step: b.step,
    losses: mixed<Triple>(a.losses, b.losses, share),
    weights: mixed(a.weights, b.weights, share),
    accuracy: mixed<Triple>(a.accuracy, b.accuracy, share),
  }
}

/** With one more step; where there are too many rows, neighbours become one. */
export function follow({ rows, every, open }: HistoryState, step: BalanceRow): HistoryState {
  const last = rows.at(-1)
  if (last && open < every) {
    const share = 1 / (open + 1)
    return { rows: [...rows.slice(0, -1), merged(last, step, share)], every, open: open + 1 }
  }
  if (rows.length < LIMIT) return { rows: [...rows, step], every, open: 1 }
  const pairs = Array.from({ length: LIMIT / 2 }, (_, i) => merged(rows[2 * i]!, rows[2 * i + 1]!, 0.5))
  return { rows: [...pairs, step], every: 2 * every, open: 1 }
}
