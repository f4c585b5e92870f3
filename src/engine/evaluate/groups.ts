import { jStat } from 'jstat'
import { mean, sampleVariance } from 'simple-statistics'
import { UserError } from '../../spec/types'
import { holm } from './holm'
import type { Verdict } from './types'

/** Several runs of one method, by seed: what each says of the same test images. */
export interface PredictionGroup {
  name: string
  /** Predicted class of each image, by seed. */
  predicted: ReadonlyMap<number, ArrayLike<number>>
}

export interface GroupComparison {
  a: string
  b: string
  /** In both; each is one pair of runs with the same split, start and order. */
  seeds: number[]
  /** Mean over the seeds of the balanced accuracy of b minus that of a. */
  difference: number
  low: number
  high: number
  /** Standard error: what other seeds, and other test images, would change. */
  error: number
  seedError: number
  imageError: number
  /** Two-sided t-test of the difference. */
  p: number
  /** `p` after Holm's adjustment for all comparisons made together. */
  adjusted: number
  verdict: Verdict
  /** Smallest true difference that this comparison would call separated in four of five repetitions. */
  detectable: number
}

const LEVEL = 0.95
const POWER = 0.8

/**
 * Compares methods over the seeds and the test images that they share, for other seeds and other test images alike. The
 * difference d[seed, image] has two sources of chance; its variance is estimated as the sum of that of the seeds' means
 * over S seeds and that of the images' means over the images of each class, degrees of freedom after Satterthwaite
 * ("An approximate distribution of estimates of variance components", Biometrics Bulletin 2, 1946). What seeds and images
 * do together is counted in both, so that the interval is rather too wide than too narrow. With a single seed only the
 * images count: `seedError` is NaN, and nothing is said of other seeds.
 *
 * Seen in simulation (test/unit/evaluate/groups.test.ts) to hold the true difference in 93 to 98 of 100 repetitions.
 * @param labels of the test images
 */
export function compareGroups(
  labels: ArrayLike<number>,
  groups: readonly PredictionGroup[],
): GroupComparison[] {
  const pairs = groups.flatMap((a, i) => groups.slice(i + 1).map((b) => comparePair(labels, a, b)))
  const adjusted = holm(pairs.map(({ p }) => p))
  return pairs.map(({ freedom, ...pair }, i) => ({
    ...pair,
    adjusted: adjusted[i]!,
    verdict: adjusted[i]! < 1 - LEVEL ? 'separated' : 'not separated',
    detectable: detectable(pair.error, freedom, pairs.length),
  }))
}

type Pair = Omit<GroupComparison, 'adjusted' | 'verdict' | 'detectable'> & { freedom: number }

function comparePair(labels: ArrayLike<number>, a: PredictionGroup, b: PredictionGroup): Pair {
  const seeds = [...a.predicted.keys()].filter((seed) => b.predicted.has(seed))
  if (seeds.length === 0 || labels.length === 0)
    throw new UserError(
      `${a.name} and ${b.name} have no seed and test image in common; run both with the same seeds`,
    )
  const rows = seeds.map((seed) => {
    const [one, other] = [rightOf(labels, a, seed), rightOf(labels, b, seed)]
    return one.map((value, i) => other[i]! - value)
  })
  const { mean: difference, ...chance } = overSeedsAndImages(labels, rows)
  const p = probability(difference, chance.error, chance.freedom)
  return { a: a.name, b: b.name, seeds, difference, ...chance, p }
}

/** 1 where a run says the true class. */
function rightOf(labels: ArrayLike<number>, { predicted }: PredictionGroup, seed: number): Float64Array {
  const classes = predicted.get(seed)!
  return Float64Array.from(labels, (label, i) => Number(classes[i] === label))
}

export interface GroupSummary {
  /** Balanced accuracy, mean over the seeds. */
  mean: number
  low: number
  high: number
  error: number
  seedError: number
  imageError: number
}

/** Balanced accuracy of a method with its 95 % interval for other seeds and other test images, as `compareGroups`. */
export function summarizeGroup(labels: ArrayLike<number>, group: PredictionGroup): GroupSummary {
  const rows = [...group.predicted.keys()].map((seed) => rightOf(labels, group, seed))
  const { freedom: _freedom, low, high, ...rest } = overSeedsAndImages(labels, rows)
  return { ...rest, low: Math.max(0, low), high: Math.min(1, high) }
}

/** @param rows a value of each image, for each seed */
function overSeedsAndImages(labels: ArrayLike<number>, rows: readonly Float64Array[]) {
  const classes = byClass(labels)
  const ofSeeds = rows.map((row) => mean(classes.map((images) => mean(images.map((i) => row[i]!)))))
  const ofImages = classes.map((images) => images.map((i) => mean(rows.map((row) => row[i]!))))
  const centre = mean(ofSeeds)
  const seedVariance = rows.length > 1 ? sampleVariance(ofSeeds) / rows.length : NaN
  const imageVariance = varianceOfClassMeans(ofImages)
  const parts = [
    ...(rows.length > 1 ? [{ variance: seedVariance, freedom: rows.length - 1 }] : []),
    { variance: imageVariance, freedom: Math.max(1, labels.length - classes.length) },
  ]
  const total = parts.reduce((sum, { variance }) => sum + variance, 0)
  const freedom =
    total > 0 ? total ** 2 / parts.reduce((sum, part) => sum + part.variance ** 2 / part.freedom, 0) : 1
  const error = Math.sqrt(total)
  const half = total > 0 ? quantile((1 + LEVEL) / 2, freedom) * error : 0
  return {
    mean: centre,
    low: centre - half,
    high: centre + half,
    error,
    seedError: Math.sqrt(seedVariance),
    imageError: Math.sqrt(imageVariance),
    freedom,
  }
}

/**
 * Variance of the mean over classes of each class's mean. The classes share what variance a class of a few images cannot
 * show of its own: each is drawn towards the common one by the weight of one image.
 */
function varianceOfClassMeans(classes: readonly (readonly number[])[]): number {
  const spread = (values: readonly number[]) => {
    const centre = mean([...values])
    return values.reduce((sum, value) => sum + (value - centre) ** 2, 0)
  }
  const images = classes.reduce((sum, values) => sum + values.length, 0)
  const common =
    classes.reduce((sum, values) => sum + spread(values), 0) / Math.max(1, images - classes.length)
  return (
    classes.reduce((sum, values) => sum + (spread(values) + common) / values.length / values.length, 0) /
    classes.length ** 2
  )
}

function byClass(labels: ArrayLike<number>): number[][] {
  const classes = new Map<number, number[]>()
  for (let i = 0; i < labels.length; i++) {
    const images = classes.get(labels[i]!)
    if (images) images.push(i)
    else classes.set(labels[i]!, [i])
  }
  return [...classes.values()]
}

function quantile(p: number, freedom: number): number {
  return jStat.studentt.inv(p, freedom)
}

function probability(difference: number, error: number, freedom: number): number {
  if (difference === 0) return 1
  return error === 0 ? 0 : Math.min(1, 2 * jStat.studentt.cdf(-Math.abs(difference / error), freedom))
}

/** Smallest difference found with power 0.8 at Holm's first level, for a standard error that stays what it is. */
function detectable(error: number, freedom: number, comparisons: number): number {
  if (error === 0) return 0
  return (quantile(1 - (1 - LEVEL) / 2 / comparisons, freedom) + quantile(POWER, freedom)) * error
}

/**
 * Before anything has run: the difference that a test set can tell at best, were the seeds to change nothing.
 * @param disagree share of the images on which exactly one of two methods is right; 0.2 is usual for fine-tuned networks
 * of this kind (the packaged drawings: 0.11 to 0.2)
 */
export function detectableAhead(images: number, comparisons: number, disagree = 0.2): number {
  return detectable(Math.sqrt(disagree / images), Math.max(1, images - 1), Math.max(1, comparisons))
}
