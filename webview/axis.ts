/** Steps that are shown: from the first that is done to the last. */
export interface Range {
  from: number
  to: number
}

/** The step axis that curves and map share, so that a cause stands above its effect. */
export interface Axis extends Range {
  left: number
  right: number
  width: number
  /** Of the whole run, whatever part of it is shown. */
  steps: number
  x(step: number): number
  step(x: number): number
}

/** Room for labels at the left and for the last values at the right. */
export const LEFT = 168
export const RIGHT = 90

/** The shortest stretch that can be zoomed to, in steps. */
export const SHORTEST = 4

export function createAxis(width: number, steps: number, range?: Range): Axis {
  const left = LEFT
  const right = Math.max(left + 120, width - RIGHT)
  const total = Math.max(1, steps)
  const { from, to } = range ? fitRange(range, total) : { from: 0, to: total }
  return {
    left,
    right,
    width: Math.max(width, right + RIGHT),
    steps: total,
    from,
    to,
    x: (step) => left + ((step - from) / (to - from)) * (right - left),
    step: (x) => from + ((x - left) / (right - left)) * (to - from),
  }
}

/** The range moved and widened so that it lies within the run. */
export function fitRange({ from, to }: Range, steps: number): Range {
  const length = Math.min(steps, Math.max(Math.min(SHORTEST, steps), to - from))
  const start = Math.min(Math.max(0, from), steps - length)
  return { from: start, to: start + length }
}

/** Zoomed by a factor around a step that keeps its place; the whole run is no range. */
export function zoomed({ from, to, steps }: Axis, factor: number, around: number): Range | undefined {
  const range = { from: around - (around - from) * factor, to: around + (to - around) * factor }
  return whole(fitRange(range, steps), steps)
}

export function panned({ from, to, steps }: Axis, by: number): Range | undefined {
  return whole(fitRange({ from: from + by, to: to + by }, steps), steps)
}

const whole = (range: Range, steps: number): Range | undefined =>
  range.to - range.from >= steps ? undefined : range
