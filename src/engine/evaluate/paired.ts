import { UserError } from '../../spec/types'
import { pairedBootstrap, type PairedClass } from './bootstrap'
import { holm } from './holm'
import { mcnemar } from './mcnemar'
import type { Interval, Verdict } from './types'

const LEVEL = 0.95

/** Predicted classes of two classifiers for the same images. */
export interface PairedInput {
  labels: ArrayLike<number>
  classes: number
  a: ArrayLike<number>
  b: ArrayLike<number>
}

export interface CompareOptions {
  /** Default 2000. */
  resamples?: number
  /** Default 0. */
  seed?: number
}

export interface PairedComparison {
  count: number
  /** Images that only a, or only b, gets right. */
  onlyA: number
  onlyB: number
  /** Balanced accuracy of b minus that of a, with its 95 % interval (paired bootstrap, stratified by class). */
  difference: number
  interval: Interval
  /** Exact McNemar test, two-sided. */
  p: number
  /** `p` after Holm's adjustment for all comparisons made together. */
  adjusted: number
  /** `separated` when the interval leaves out 0 and `adjusted` is below 0.05. */
  verdict: Verdict
}

/** Compares two classifiers on the same test images. */
export function comparePaired(input: PairedInput, options: CompareOptions = {}): PairedComparison {
  const { labels, a, b } = input
  if (a.length !== labels.length || b.length !== labels.length || labels.length === 0)
    throw new UserError(
      `A paired comparison needs the predictions of both runs for the same images; there are ${a.length} and ` +
        `${b.length} predictions for ${labels.length} images. Evaluate both runs on the same test split.`,
    )
  const classes = countPairs(input)
  const present = classes.filter(({ total }) => total > 0)
  const onlyA = present.reduce((sum, c) => sum + c.onlyA, 0)
  const onlyB = present.reduce((sum, c) => sum + c.onlyB, 0)
  const p = mcnemar(onlyA, onlyB)
  const interval = pairedBootstrap(present, {
    resamples: options.resamples ?? 2000,
    seed: options.seed ?? 0,
    level: LEVEL,
  })
  return {
    count: labels.length,
    onlyA,
    onlyB,
    difference: present.reduce((sum, c) => sum + (c.onlyB - c.onlyA) / c.total, 0) / present.length,
    interval,
    p,
    adjusted: p,
    verdict: verdict(interval, p),
  }
}

/** All pairs of runs on the same test images, adjusted together. */
export function compareRuns(
  labels: ArrayLike<number>,
  classes: number,
  runs: readonly { name: string; predicted: ArrayLike<number> }[],
  options: CompareOptions = {},
): (PairedComparison & { a: string; b: string })[] {
  const pairs = runs.flatMap((a, i) =>
    runs.slice(i + 1).map((b) => ({
      a: a.name,
      b: b.name,
      ...comparePaired({ labels, classes, a: a.predicted, b: b.predicted }, options),
    })),
  )
  const adjusted = holm(pairs.map(({ p }) => p))
  return pairs.map((pair, i) => ({
    ...pair,
    adjusted: adjusted[i]!,
    verdict: verdict(pair.interval, adjusted[i]!),
  }))
}

function verdict({ low, high }: Interval, p: number): Verdict {
  return (low > 0 || high < 0) && p < 0.05 ? 'separated' : 'not separated'
}

function countPairs({ labels, classes, a, b }: PairedInput): PairedClass[] {
  const counts = Array.from({ length: classes }, () => ({ total: 0, onlyA: 0, onlyB: 0 }))
  for (let i = 0; i < labels.length; i++) {
    const count = counts[labels[i]!]!
    const rightA = a[i] === labels[i]
    const rightB = b[i] === labels[i]
    count.total++
    if (rightA && !rightB) count.onlyA++
    if (rightB && !rightA) count.onlyB++
  }
  return counts
}
