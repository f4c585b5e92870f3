/**
 * A line's course without its noise: Gaussian average around each point, narrow for short lines; gaps stay gaps.
 * Unlike a running average it does not lag behind a loss that falls fast.
 */
export function smooth(values: readonly (number | null)[]): (number | null)[] {
  const sigma = Math.max(1, values.length / 30)
  const reach = Math.ceil(2.5 * sigma)
  const weights = Array.from({ length: reach + 1 }, (_, i) => Math.exp(-0.5 * (i / sigma) ** 2))
  return values.map((value, at) => {
    if (value === null) return null
    let [sum, total] = [0, 0]
    // as far to the left as to the right, so that the ends follow the line
    const near = Math.min(reach, at, values.length - 1 - at)
    for (let i = at - near; i <= at + near; i++) {
      const one = values[i] ?? null
      if (one === null) continue
      sum += weights[Math.abs(i - at)]! * one
      total += weights[Math.abs(i - at)]!
    }
    return sum / total
  })
}

/** Whether a line goes to and fro so much that its course is hard to see. */
export function isNoisy(values: readonly (number | null)[]): boolean {
  const known = values.filter((value) => value !== null)
  if (known.length < 8) return false
  const way = known.reduce((sum, value, i) => (i > 0 ? sum + Math.abs(value - known[i - 1]!) : 0), 0)
  const height = known.reduce((a, b) => Math.max(a, b)) - known.reduce((a, b) => Math.min(a, b))
  return way > 1.8 * height
}
