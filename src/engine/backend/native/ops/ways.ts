/** Which of the ways that TensorFlow's plain ops leave open may be taken. */
export interface Ways {
  /** oneDNN's own ops by their names. */
  oneDnn: boolean
  /** Our own kernels. */
  kernels: boolean
}

const all: Ways = { oneDnn: true, kernels: true }
let ways = all

/**
 * Without arguments everything may be taken again. For tests and measurements: what is left with both off is what
 * runs on a GPU and on processors without oneDNN.
 */
export function setWays(wanted: Partial<Ways> = {}): void {
  ways = { ...all, ...wanted }
}

export const allowed = (): Ways => ways
