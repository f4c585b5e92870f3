import type { Range } from '../axis'
import type { Line } from '../panel/state'

/** Values of lines inside the shown steps. */
function shownValues(lines: readonly Pick<Line, 'steps' | 'values'>[], { from, to }: Range): number[] {
  return lines.flatMap(({ steps, values }) =>
    values.filter(
      (value, i): value is number =>
        value !== null && Number.isFinite(value) && steps[i]! >= from && steps[i]! <= to,
    ),
  )
}

const ends = (values: readonly number[]): [number, number] => [
  values.reduce((a, b) => Math.min(a, b), Infinity),
  values.reduce((a, b) => Math.max(a, b), -Infinity),
]

/**
 * Ends of the loss axis for what is shown. Logarithmic: at most a factor of 300, since below it nothing can be read off
 * anyway, and at least one of 3.4, so that a label of 1, 3, 10, 30 … lies within and noise does not fill the height.
 */
export function lossRange(
  lines: readonly Pick<Line, 'steps' | 'values'>[],
  range: Range,
  log: boolean,
): { floor: number; ceiling: number } {
  const values = shownValues(lines, range)
  const seen = log ? values.filter((value) => value > 0) : values
  if (seen.length === 0) return { floor: log ? 0.1 : 0, ceiling: 1 }
  const [lowest, highest] = ends(seen)
  if (log) return { floor: Math.min(Math.max(lowest, highest / 300), highest / 3.4), ceiling: highest }
  const low = Math.min(0, lowest)
  return { floor: low, ceiling: highest > low ? highest : low + 1 }
}

/** Ends of the accuracy axis: all of it, or what is shown with a little room. */
export function accuracyRange(
  lines: readonly Pick<Line, 'steps' | 'values'>[],
  range: Range,
  fit: boolean,
): { floor: number; ceiling: number } {
  const values = fit ? shownValues(lines, range) : []
  if (values.length === 0) return { floor: 0, ceiling: 1 }
  const [low, high] = ends(values)
  const room = Math.max(0.01, (high - low) * 0.08)
  return { floor: Math.max(0, low - room), ceiling: Math.min(1, high + room) }
}

/** Value of a line at a step: of its last point up to there; undefined before its first. */
export function valueAt(
  { steps, values }: Pick<Line, 'steps' | 'values'>,
  step: number,
): number | null | undefined {
  let [low, high] = [0, steps.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (steps[middle]! <= step) low = middle + 1
    else high = middle
  }
  return low === 0 ? undefined : values[low - 1]
}
