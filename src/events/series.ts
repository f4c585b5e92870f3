/** Most points of a line that reach a chart. */
export const SERIES_POINTS = 2000

/**
 * A line over steps, thinned as it grows: buckets of `stride` steps keep their lowest and highest point, so that
 * no spike is lost. With at most 2,000 points nothing is thinned. NaN counts as higher than everything, so that
 * it stays visible. After a resume the bucket that holds the cut may have lost its older extremes.
 */
export interface Series {
  stride: number
  steps: number[]
  values: number[]
}

export function emptySeries(): Series {
  return { stride: 1, steps: [], values: [] }
}

export function copySeries(series: Series): Series {
  return { stride: series.stride, steps: series.steps.slice(), values: series.values.slice() }
}

/** Is `a` above `b`, NaN being the highest? */
function above(a: number, b: number): boolean {
  return Number.isNaN(a) ? !Number.isNaN(b) : a > b
}

/** Adds to `series` in place. A repeated step replaces its value; an older step is left out. */
export function addPoint(series: Series, step: number, value: number, limit = SERIES_POINTS): void {
  const last = series.steps.length - 1
  if (last >= 0 && step < series.steps[last]!) return
  if (last >= 0 && step === series.steps[last]) {
    series.values[last] = value
    return
  }
  push(series, step, value)
  while (series.steps.length > limit) {
    const { steps, values } = series
    series.stride *= 2
    series.steps = []
    series.values = []
    for (let i = 0; i < steps.length; i++) push(series, steps[i]!, values[i]!)
  }
}

/** Appends a point of a later step, keeping two points a bucket. */
function push(series: Series, step: number, value: number): void {
  const { steps, values, stride } = series
  steps.push(step)
  values.push(value)
  const n = steps.length
  const bucket = Math.floor(step / stride)
  if (n < 3 || Math.floor(steps[n - 3]! / stride) !== bucket) return
  let low = n - 3
  let high = n - 3
  for (let i = n - 2; i < n; i++) {
    if (above(values[low]!, values[i]!)) low = i
    if (above(values[i]!, values[high]!)) high = i
  }
  const drop = [n - 3, n - 2, n - 1].find((i) => i !== low && i !== high)!
  steps.splice(drop, 1)
  values.splice(drop, 1)
}

/** Drops the points after `step`, in place. */
export function cutSeries(series: Series, step: number): void {
  let n = series.steps.length
  while (n > 0 && series.steps[n - 1]! > step) n--
  series.steps.length = n
  series.values.length = n
}
