import { describe, expect, it } from 'vitest'
import { balancedAccuracyInterval } from '../../../src/engine/evaluate'
import { RandomStream } from '../../../src/engine/random'

/** Test images per class of the packaged drawings. */
const drawings = [51, 8, 14, 25, 35, 33, 16, 23, 13, 11]

/** How often the interval holds the true balanced accuracy over simulated test sets. */
function coverage(recalls: readonly number[], totals: readonly number[], runs = 4000): number {
  const random = new RandomStream(1, 'coverage')
  const truth = recalls.reduce((sum, p) => sum + p, 0) / recalls.length
  let held = 0
  for (let run = 0; run < runs; run++) {
    const counts = totals.map((total, c) => {
      let correct = 0
      for (let i = 0; i < total; i++) if (random.uniform() < recalls[c]!) correct++
      return { correct, total }
    })
    const { low, high } = balancedAccuracyInterval(counts)
    if (low <= truth && truth <= high) held++
  }
  return held / runs
}

describe('balancedAccuracyInterval', () => {
  it.each([
    ['the demo', [0.9, 0.5, 0.7, 0.8, 0.6, 0.9, 0.6, 0.7, 0.5, 0.4]],
    ['a good network', new Array<number>(10).fill(0.97)],
    ['chance', new Array<number>(10).fill(0.1)],
  ])('holds the truth in about 95 of 100 test sets: %s', (_, recalls) => {
    const share = coverage(recalls, drawings)
    expect(share).toBeGreaterThan(0.935)
    expect(share).toBeLessThan(0.995)
  })

  it.each([1, 5])('is not spoilt by 40 classes of %i images', (total) => {
    const share = coverage(new Array<number>(40).fill(0.8), new Array<number>(40).fill(total), 2000)
    expect(share).toBeGreaterThan(0.92)
  })

  it('is the "plus four" interval of Agresti and Coull for one class', () => {
    const p = (7 + 2) / (12 + 4)
    const half = 1.959964 * Math.sqrt((p * (1 - p)) / 16)
    const { low, high } = balancedAccuracyInterval([{ correct: 7, total: 12 }])
    expect(low).toBeCloseTo(p - half, 6)
    expect(high).toBeCloseTo(p + half, 6)
  })

  it('keeps a width when all images are right, and when none is', () => {
    const all = balancedAccuracyInterval([
      { correct: 5, total: 5 },
      { correct: 9, total: 9 },
    ])
    expect(all.high).toBe(1)
    expect(all.low).toBeLessThan(0.95)
    const none = balancedAccuracyInterval([{ correct: 0, total: 5 }])
    expect(none.low).toBe(0)
    expect(none.high).toBeGreaterThan(0.3)
    expect(none.high).toBeLessThan(0.8)
  })
})
