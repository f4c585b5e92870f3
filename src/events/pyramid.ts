import { foldHigh, foldLow } from './extremes'

/** Rows of a level that make one row of the next. */
export const FACTOR = 4

/** Grows by doubling. */
class Rows {
  count = 0
  private data = new Float32Array(0)
  constructor(private readonly width: number) {}

  push(row: Float32Array): void {
    const end = (this.count + 1) * this.width
    if (end > this.data.length) {
      const grown = new Float32Array(Math.max(end, this.data.length * 2))
      grown.set(this.data)
      this.data = grown
    }
    this.data.set(row, this.count * this.width)
    this.count++
  }

  row(index: number): Float32Array {
    return this.data.subarray(index * this.width, (index + 1) * this.width)
  }
}

interface Level {
  low: Rows
  high: Rows
}

/** Folds rows of values, given one after the other, into smallest and largest by column. */
export function foldRowsInto(low: Float32Array, high: Float32Array, row: Float32Array, rowHigh = row): void {
  for (let i = 0; i < low.length; i++) {
    low[i] = foldLow(low[i]!, row[i]!)
    high[i] = foldHigh(high[i]!, rowHigh[i]!)
  }
}

/**
 * Min/max pyramid over rows, folded as they come: level k holds whole blocks of 4^k rows. Level 0, the rows
 * themselves, stays in the file.
 */
export class Pyramid {
  private readonly levels: Level[] = []
  /** Rows that no whole block of level 1 holds yet. */
  private recent: Float32Array[] = []
  private rows = 0

  constructor(readonly width: number) {}

  get length(): number {
    return this.rows
  }

  append(row: Float32Array): void {
    this.recent.push(row.slice())
    this.rows++
    if (this.recent.length < FACTOR) return
    const { recent } = this
    this.recent = []
    this.add(0, recent, recent)
  }

  private add(level: number, lows: Float32Array[], highs: Float32Array[]): void {
    const low = lows[0]!.slice()
    const high = highs[0]!.slice()
    for (let i = 1; i < lows.length; i++) foldRowsInto(low, high, lows[i]!, highs[i]!)
    this.levels[level] ??= { low: new Rows(this.width), high: new Rows(this.width) }
    const rows = this.levels[level]
    rows.low.push(low)
    rows.high.push(high)
    const { count } = rows.low
    if (count % FACTOR !== 0) return
    const last = Array.from({ length: FACTOR }, (_, i) => count - FACTOR + i)
    this.add(
      level + 1,
      last.map((i) => rows.low.row(i)),
      last.map((i) => rows.high.row(i)),
    )
  }

  /** Forgets rows from `length` on, and at most three before; returns the length, from which to append again. */
  truncate(length: number): number {
    if (length >= this.rows) return this.rows
    this.rows = length - (length % FACTOR)
    this.recent = []
    this.levels.forEach((level, k) => {
      const count = Math.floor(this.rows / FACTOR ** (k + 1))
      level.low.count = count
      level.high.count = count
    })
    return this.rows
  }

  /** Block `index` of 4^level rows, level at least 1; undefined when it is not whole. */
  block(level: number, index: number): { low: Float32Array; high: Float32Array } | undefined {
    const rows = this.levels[level - 1]
    if (!rows || index >= rows.low.count) return undefined
    return { low: rows.low.row(index), high: rows.high.row(index) }
  }
}
