/**
 * Holm's step-down adjustment for several tests at once (Holm, 1979): compare the results with the level of one
 * test. In the order of the input.
 */
export function holm(pValues: readonly number[]): number[] {
  const order = pValues.map((_, i) => i).sort((a, b) => pValues[a]! - pValues[b]!)
  const adjusted = new Array<number>(pValues.length)
  let highest = 0
  order.forEach((index, rank) => {
    highest = Math.max(highest, Math.min(1, (pValues.length - rank) * pValues[index]!))
    adjusted[index] = highest
  })
  return adjusted
}
