/** Rows of `layers.f32` that are `every` steps apart; row `row + i` was measured at step `step + i * every`. */
export interface RowRange {
  step: number
  row: number
  rows: number
  every: number
}

function lastStep(range: RowRange): number {
  return range.step + (range.rows - 1) * range.every
}

/** Drops what was measured after `step`. */
export function cutRows(ranges: readonly RowRange[], step: number): RowRange[] {
  const kept: RowRange[] = []
  for (const range of ranges) {
    if (range.step > step) break
    const rows = range.every > 0 ? Math.floor((step - range.step) / range.every) + 1 : range.rows
    kept.push(rows < range.rows ? { ...range, rows } : range)
  }
  return kept
}

/** Adds a range, merged with the last one where it goes on; steps measured again replace the older ones. */
export function addRows(ranges: readonly RowRange[], next: RowRange): RowRange[] {
  if (next.rows === 0) return ranges.slice()
  const before =
    ranges.length > 0 && lastStep(ranges.at(-1)!) >= next.step ? cutRows(ranges, next.step - 1) : ranges
  const last = before.at(-1)
  if (last && last.row + last.rows === next.row) {
    const gap = next.step - lastStep(last)
    const fits = (last.rows === 1 || last.every === gap) && (next.rows === 1 || next.every === gap)
    if (fits) return [...before.slice(0, -1), { ...last, rows: last.rows + next.rows, every: gap }]
  }
  return [...before, next]
}

/** Row and step of every measured row below `limit` (the rows that the file holds), in order of steps. */
export function expandRows(ranges: readonly RowRange[], limit: number): { rows: number[]; steps: number[] } {
  const rows: number[] = []
  const steps: number[] = []
  for (const range of ranges) {
    for (let i = 0; i < range.rows && range.row + i < limit; i++) {
      rows.push(range.row + i)
      steps.push(range.step + i * range.every)
    }
  }
  return { rows, steps }
}
