/**
 * Wilcoxon's signed-rank test, two-sided, exact also with ties: differences of 0 are left out, equal sizes share
 * their mean rank, and p comes from all 2^n sign patterns of those ranks, counted by dynamic programming.
 * @returns the smaller of both rank sums, and p
 */
export function signedRank(differences: readonly number[]): { statistic: number; p: number } {
  const nonzero = differences.filter((d) => d !== 0)
  if (nonzero.length === 0) return { statistic: 0, p: 1 }
  // twice the rank, so that mean ranks are whole numbers
  const ranks = doubledRanks(nonzero.map(Math.abs))
  const total = ranks.reduce((sum, rank) => sum + rank, 0)
  const positive = ranks.reduce((sum, rank, i) => sum + (nonzero[i]! > 0 ? rank : 0), 0)
  const smaller = Math.min(positive, total - positive)
  let chance = new Float64Array(total + 1)
  chance[0] = 1
  for (const rank of ranks) {
    const next = chance.map((p) => p / 2)
    for (let sum = rank; sum <= total; sum++) next[sum]! += chance[sum - rank]! / 2
    chance = next
  }
  const tail = chance.subarray(0, smaller + 1).reduce((sum, p) => sum + p, 0)
  return { statistic: smaller / 2, p: Math.min(1, 2 * tail) }
}

function doubledRanks(sizes: readonly number[]): number[] {
  return sizes.map((size) => {
    const below = sizes.filter((other) => other < size).length
    const equal = sizes.filter((other) => other === size).length
    return 2 * below + equal + 1
  })
}
