/** Weight of the past at first: an average over about ten points. */
export const MEMORY = 0.9

/**
 * Exponential moving average without the bias of its start; gaps stay gaps and count for nothing.
 * @param memory weight of the past, from 0 (nothing is smoothed) to below 1
 */
export function average(values: readonly (number | null)[], memory: number): (number | null)[] {
  let sum = 0
  let weight = 0
  return values.map((value) => {
    if (value === null || !Number.isFinite(value)) return value
    sum = memory * sum + (1 - memory) * value
    weight = memory * weight + (1 - memory)
    return sum / weight
  })
}
