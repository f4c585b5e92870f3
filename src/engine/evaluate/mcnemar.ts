/**
 * Exact two-sided McNemar test: of the images on which exactly one of two classifiers is right, could a fair coin
 * have chosen which (Dietterich, "Approximate Statistical Tests for Comparing Supervised Classification Learning
 * Algorithms", Neural Computation 10, 1998)?
 * @param onlyA images that only the first gets right
 * @param onlyB images that only the second gets right
 */
export function mcnemar(onlyA: number, onlyB: number): number {
  const n = onlyA + onlyB
  // terms of the binomial sum by recurrence in logarithms, as 2^-n leaves the range of numbers
  let logTerm = -n * Math.LN2
  let tail = 0
  for (let k = 0; k <= Math.min(onlyA, onlyB); k++) {
    tail += Math.exp(logTerm)
    logTerm += Math.log((n - k) / (k + 1))
  }
  return Math.min(1, 2 * tail)
}
