import { FACTOR } from './pyramid'

/** How measured rows fall into the columns of a window. */
export interface Columns {
  count: number
  /** Level of the pyramid whose blocks make up the columns; 0 for the rows themselves. */
  level: number
  /** First row of a column and the row after its last. */
  range(column: number): { a: number; b: number }
}

/**
 * Lays the rows whose step lies in [from, to] out in at most `wanted` columns of one width. Columns start at whole
 * blocks of the coarsest level that fits, so that only the first and the last can need single rows.
 *
 * @param steps step of each row, rising
 */
export function layOut(steps: readonly number[], from: number, to: number, wanted: number): Columns {
  const first = steps.findIndex((step) => step >= from)
  const end = steps.findLastIndex((step) => step <= to) + 1
  const rows = first < 0 ? 0 : Math.max(0, end - first)
  let level = 0
  while (FACTOR ** (level + 1) * wanted <= rows) level++
  const block = FACTOR ** level
  const start = first - (first % block)
  const width = Math.max(1, Math.ceil((end - start) / block / wanted)) * block
  return {
    count: rows === 0 ? 0 : Math.ceil((end - start) / width),
    level,
    range: (column) => ({
      a: Math.max(first, start + column * width),
      b: Math.min(end, start + (column + 1) * width),
    }),
  }
}
