/** The step axis that curves and map share, so that a cause stands above its effect. */
export interface Axis {
  left: number
  right: number
  width: number
  steps: number
  x(step: number): number
  step(x: number): number
}

/** Room for labels at the left and for the last values at the right. */
export const LEFT = 168
export const RIGHT = 90

export function createAxis(width: number, steps: number): Axis {
  const left = LEFT
  const right = Math.max(left + 120, width - RIGHT)
  const total = Math.max(1, steps)
  return {
    left,
    right,
    width: Math.max(width, right + RIGHT),
    steps: total,
    x: (step) => left + (step / total) * (right - left),
    step: (x) => ((x - left) / (right - left)) * total,
  }
}
