import { quantileSorted } from 'simple-statistics'
import { RandomStream } from '../random'
import type { Interval } from './types'

/** Of one class: images, and those that only the first or only the second classifier gets right. */
export interface PairedClass {
  total: number
  onlyA: number
  onlyB: number
}

/**
 * Percentile interval of the difference in balanced accuracy (b - a) when the test images are drawn again, class by
 * class, both classifiers seeing the same draw (Efron and Tibshirani, An Introduction to the Bootstrap, 1993).
 */
export function pairedBootstrap(
  classes: readonly PairedClass[],
  { resamples, seed, level }: { resamples: number; seed: number; level: number },
): Interval {
  const random = new RandomStream(seed, 'bootstrap')
  const differences = new Float64Array(resamples)
  for (let r = 0; r < resamples; r++) {
    let sum = 0
    for (const paired of classes) sum += drawClass(paired, random)
    differences[r] = sum / classes.length
  }
  differences.sort()
  const values = Array.from(differences)
  return {
    low: quantileSorted(values, (1 - level) / 2),
    high: quantileSorted(values, (1 + level) / 2),
  }
}

/** Difference in recall of one class on a fresh draw of its images. */
function drawClass({ total, onlyA, onlyB }: PairedClass, random: RandomStream): number {
  if (onlyA + onlyB === 0) return 0
  let difference = 0
  for (let i = 0; i < total; i++) {
    const image = random.integer(total)
    if (image < onlyA) difference--
    else if (image < onlyA + onlyB) difference++
  }
  return difference / total
}
