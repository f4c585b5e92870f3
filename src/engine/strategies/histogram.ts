import type { LogHistogram } from '../../events/pictures/l2-sp'

/** Counts on a logarithmic axis from 10^low to 10^high; what lies beyond is counted in the outermost bins. */
export function logHistogram(
  values: ArrayLike<number>,
  { perDecade, low, high }: { perDecade: number; low: number; high: number },
): LogHistogram {
  const first = low * perDecade
  const bins = new Array<number>((high - low) * perDecade).fill(0)
  let zeros = 0
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    if (value === 0) zeros++
    else {
      const at = Math.floor(Math.log10(value) * perDecade) - first
      bins[Math.min(bins.length - 1, Math.max(0, at))]!++
    }
  }
  const start = bins.findIndex((count) => count > 0)
  const end = bins.findLastIndex((count) => count > 0)
  return {
    perDecade,
    from: start < 0 ? 0 : first + start,
    counts: start < 0 ? [] : bins.slice(start, end + 1),
    zeros,
  }
}
