/** exp(score / temperature) over its sum, relative to the highest score so that nothing overflows. */
export function softmax(scores: ArrayLike<number>, temperature = 1): number[] {
  const values = Array.from(scores)
  const top = Math.max(...values)
  const powers = values.map((value) => Math.exp((value - top) / temperature))
  const sum = powers.reduce((a, b) => a + b, 0)
  return powers.map((power) => power / sum)
}
