import type { Schedule } from '../../optim/types'

/**
 * Slanted triangular factor on the highest rate (Howard and Ruder 2018, section 3.2), with the end moved to the last
 * step: cut = floor(T * cutFraction); p rises from 0 to 1 until t = cut and falls to 0 at t = T - 1;
 * factor = (1 + p * (ratio - 1)) / ratio, so that the first and the last step have 1 / ratio.
 */
export function slantedTriangular(cutFraction: number, ratio: number): Schedule {
  return (step, total) => {
    const last = Math.max(1, total - 1)
    const cut = Math.min(last, Math.floor(total * cutFraction))
    const p = step < cut ? step / cut : cut >= last ? 1 : 1 - (step - cut) / (last - cut)
    return (1 + Math.max(0, p) * (ratio - 1)) / ratio
  }
}
