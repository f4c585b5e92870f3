/**
 * Smallest and largest of a set of values. NaN makes the largest NaN and is left out of the smallest (NaN only when
 * all are), so that both "there was a NaN" and the range of the rest can be seen.
 */
export function foldLow(low: number, value: number): number {
  if (Number.isNaN(low)) return value
  return value < low ? value : low
}

export function foldHigh(high: number, value: number): number {
  if (Number.isNaN(high) || Number.isNaN(value)) return NaN
  return value > high ? value : high
}
