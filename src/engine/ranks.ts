/** At most `most` entries of a sorted list, at evenly spaced ranks, the first and the last among them. */
export function evenRanks<T>(sorted: readonly T[], most: number): T[] {
  const wanted = Math.min(most, sorted.length)
  const last = Math.max(1, wanted - 1)
  return Array.from({ length: wanted }, (_, i) => sorted[Math.round((i * (sorted.length - 1)) / last)]!)
}
