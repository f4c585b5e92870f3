import { jStat } from 'jstat'
import { mean, sampleStandardDeviation } from 'simple-statistics'
import { UserError } from '../../spec/types'
import { holm } from './holm'
import type { Interval, Verdict } from './types'
import { signedRank } from './wilcoxon'

export interface SeedSummary extends Interval {
  count: number
  mean: number
  /** Sample standard deviation. */
  std: number
}

export interface SeedComparison {
  /** Mean of b minus a over the seeds, with its 95 % t-interval. */
  difference: SeedSummary
  /** Paired t-test, two-sided. */
  tTest: { t: number; p: number }
  /** Exact signed-rank test; with n seeds its p is at least 2 / 2^n, so under six it cannot reach 0.05. */
  wilcoxon: { statistic: number; p: number }
  /** The t-test's p after Holm's adjustment for all comparisons made together. */
  adjusted: number
  /** `separated` when `adjusted` is below 0.05. */
  verdict: Verdict
}

/** Mean over seeds with Student's t-interval; `low` and `high` are NaN for a single seed, which has no spread. */
export function summarizeSeeds(values: readonly number[], level = 0.95): SeedSummary {
  if (values.length === 0) throw new UserError('There are no finished runs to summarise.')
  const count = values.length
  const centre = mean([...values])
  if (count === 1) return { count, mean: centre, std: NaN, low: NaN, high: NaN }
  const std = sampleStandardDeviation([...values])
  const half = (jStat.studentt.inv((1 + level) / 2, count - 1) * std) / Math.sqrt(count)
  return { count, mean: centre, std, low: centre - half, high: centre + half }
}

/**
 * Compares two strategies over seeds: a[i] and b[i] are of the same seed, and so of the same split and order.
 * @throws UserError when there are not at least two pairs
 */
export function compareSeeds(a: readonly number[], b: readonly number[]): SeedComparison {
  if (a.length !== b.length || a.length < 2)
    throw new UserError(
      `Comparing over seeds needs the same two or more seeds on both sides; there are ${a.length} and ${b.length} runs.`,
    )
  const differences = b.map((value, i) => value - a[i]!)
  const difference = summarizeSeeds(differences)
  const tTest = pairedT(difference)
  return {
    difference,
    tTest,
    wilcoxon: signedRank(differences),
    adjusted: tTest.p,
    verdict: verdict(tTest.p),
  }
}

/** Results of one strategy by seed. */
export interface SeedGroup {
  name: string
  values: ReadonlyMap<number, number>
}

/** Every pair of groups over the seeds they share, two at least, adjusted together. */
export function compareSeedGroups(
  groups: readonly SeedGroup[],
): (SeedComparison & { a: string; b: string })[] {
  const pairs = groups.flatMap((a, i) =>
    groups.slice(i + 1).flatMap((b) => {
      const shared = [...a.values.keys()].filter((seed) => b.values.has(seed))
      if (shared.length < 2) return []
      const of = ({ values }: SeedGroup) => shared.map((seed) => values.get(seed)!)
      return [{ a: a.name, b: b.name, ...compareSeeds(of(a), of(b)) }]
    }),
  )
  const adjusted = holm(pairs.map(({ tTest }) => tTest.p))
  return pairs.map((pair, i) => ({ ...pair, adjusted: adjusted[i]!, verdict: verdict(adjusted[i]!) }))
}

function verdict(p: number): Verdict {
  return p < 0.05 ? 'separated' : 'not separated'
}

function pairedT({ mean: centre, std, count }: SeedSummary): { t: number; p: number } {
  if (centre === 0) return { t: 0, p: 1 }
  const t = centre / (std / Math.sqrt(count))
  if (std === 0) return { t, p: 0 }
  return { t, p: 2 * jStat.studentt.cdf(-Math.abs(t), count - 1) }
}
