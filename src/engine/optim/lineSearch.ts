/** Value and slope of a function along a line. */
export interface LinePoint {
  at: number
  value: number
  slope: number
}

/** Sufficient decrease and curvature: Nocedal and Wright, Numerical Optimization, 2nd ed., section 3.1. */
const DECREASE = 1e-4
const CURVATURE = 0.9
const TRIALS = 30

/**
 * A step length that meets the strong Wolfe conditions (Nocedal and Wright, algorithms 3.5 and 3.6, cubic
 * interpolation), or close to a minimum Hager and Zhang's approximate ones (SIAM J. Optim. 16, 2005). Non-finite
 * values count as too high. When the trials run out the best lower point found is given.
 * @param start the point at 0; its slope must be negative
 * @param evaluate value and slope at a step length
 * @param first length to try first
 * @returns undefined when nothing lower was found
 */
export function strongWolfe(
  start: LinePoint,
  evaluate: (at: number) => LinePoint,
  first: number,
): LinePoint | undefined {
  const rounding = 1e-14 * Math.abs(start.value)
  const higher = (a: LinePoint, b: LinePoint) => !(a.value <= b.value + rounding)
  // Hager and Zhang's approximate condition: slopes still tell where the values' difference drowns in rounding
  const decreasesBySlope = (p: LinePoint) => !higher(p, start) && p.slope <= (2 * DECREASE - 1) * start.slope
  const tooHigh = (p: LinePoint) =>
    !(p.value <= start.value + DECREASE * p.at * start.slope) && !decreasesBySlope(p)
  const flat = (p: LinePoint) => Math.abs(p.slope) <= -CURVATURE * start.slope
  let trials = 0

  function zoom(low: LinePoint, high: LinePoint): LinePoint | undefined {
    while (trials++ < TRIALS && Math.abs(high.at - low.at) > 1e-12 * Math.max(1, low.at)) {
      const trial = evaluate(between(low, high))
      if (tooHigh(trial) || higher(trial, low)) high = trial
      else {
        if (flat(trial)) return trial
        if (trial.slope * (high.at - low.at) >= 0) high = low
        low = trial
      }
    }
    return low.at > 0 && low.value < start.value ? low : undefined
  }

  let previous = start
  let at = first
  while (trials++ < TRIALS) {
    const trial = evaluate(at)
    if (tooHigh(trial) || (previous.at > 0 && higher(trial, previous))) return zoom(previous, trial)
    if (flat(trial)) return trial
    if (trial.slope >= 0) return zoom(trial, previous)
    previous = trial
    at *= 4
  }
  return previous.value < start.value ? previous : undefined
}

/** Minimiser of the cubic through both points and slopes, kept off the ends of the interval. */
function between(a: LinePoint, b: LinePoint): number {
  const width = b.at - a.at
  const middle = a.at + width / 2
  if (!Number.isFinite(b.value) || !Number.isFinite(b.slope)) return a.at + width / 10
  const d1 = a.slope + b.slope - (3 * (a.value - b.value)) / (a.at - b.at)
  const square = d1 * d1 - a.slope * b.slope
  if (square < 0) return middle
  const d2 = Math.sign(width) * Math.sqrt(square)
  const at = b.at - (width * (b.slope + d2 - d1)) / (b.slope - a.slope + 2 * d2)
  const share = (at - a.at) / width
  return Number.isFinite(at) ? a.at + width * Math.min(0.9, Math.max(0.1, share)) : middle
}
