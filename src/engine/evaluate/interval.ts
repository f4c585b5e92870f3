import { jStat } from 'jstat'
import type { Interval } from './types'

/** Wilson's score interval of a proportion (Wilson, 1927). */
export function wilson(correct: number, total: number, level = 0.95): Interval {
  const z = jStat.normal.inv((1 + level) / 2, 0, 1)
  const p = correct / total
  const centre = p + (z * z) / (2 * total)
  const spread = z * Math.sqrt((p * (1 - p)) / total + (z / (2 * total)) ** 2)
  const scale = 1 + (z * z) / total
  return {
    low: correct === 0 ? 0 : (centre - spread) / scale,
    high: correct === total ? 1 : (centre + spread) / scale,
  }
}

/**
 * Interval of the balanced accuracy for the chance of the test images: the classes' Wilson intervals joined by
 * MOVER, L = p - sqrt(sum (p_c - l_c)^2) / k and U likewise (Zou, Huang and Zhang, "A note on confidence interval
 * estimation for a linear function of binomial proportions", Comput. Stat. Data Anal. 53, 2009). It holds the
 * estimate, stays inside 0 to 1 and keeps a width when all images are right, where a bootstrap has none. It does
 * not tell how much another seed would change the result: for that, several runs (`summarizeSeeds`).
 * @param recalls of each class that occurs
 */
export function balancedAccuracyInterval(
  recalls: readonly { correct: number; total: number }[],
  level = 0.95,
): Interval {
  let estimate = 0
  let below = 0
  let above = 0
  for (const { correct, total } of recalls) {
    const p = correct / total
    const { low, high } = wilson(correct, total, level)
    estimate += p / recalls.length
    below += (p - low) ** 2
    above += (high - p) ** 2
  }
  return {
    low: Math.max(0, estimate - Math.sqrt(below) / recalls.length),
    high: Math.min(1, estimate + Math.sqrt(above) / recalls.length),
  }
}
