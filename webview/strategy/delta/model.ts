/** Ranks from 0, those of equal values their mean. */
function ranks(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((a, b) => values[a]! - values[b]!)
  const found = new Array<number>(values.length)
  for (let i = 0; i < order.length;) {
    let j = i
    while (j < order.length && values[order[j]!] === values[order[i]!]) j++
    for (let k = i; k < j; k++) found[order[k]!] = (i + j - 1) / 2
    i = j
  }
  return found
}

/** Spearman's rank correlation of pairs (1904); undefined when one side is all equal. */
export function rankCorrelation(points: readonly (readonly [number, number])[]): number | undefined {
  const [a, b] = [ranks(points.map(([x]) => x)), ranks(points.map(([, y]) => y))]
  const mean = (points.length - 1) / 2
  let [ab, aa, bb] = [0, 0, 0]
  a.forEach((rank, i) => {
    const [x, y] = [rank - mean, b[i]! - mean]
    ab += x * y
    aa += x * x
    bb += y * y
  })
  return aa > 0 && bb > 0 ? ab / Math.sqrt(aa * bb) : undefined
}

/** Rank of the i-th of `shown` evenly spaced ranks out of `all`, from 1. */
export const rankOf = (i: number, shown: number, all: number): number =>
  shown <= 1 ? 1 : Math.round((i * (all - 1)) / (shown - 1)) + 1
