import { describe, expect, it } from 'vitest'
import {
  comparePaired,
  compareRuns,
  compareSeedGroups,
  compareSeeds,
  holm,
  mcnemar,
  signedRank,
  summarizeSeeds,
} from '../../../src/engine/evaluate'
import { fixture } from './fixture'

/** Labels and predictions with the given pairs in each class, [images, only a right, only b right]. */
function paired(classes: readonly [number, number, number][]) {
  const labels: number[] = []
  const a: number[] = []
  const b: number[] = []
  classes.forEach(([total, onlyA, onlyB], label) => {
    const wrong = (label + 1) % classes.length
    for (let i = 0; i < total; i++) {
      labels.push(label)
      a.push(i >= onlyA && i < onlyA + onlyB ? wrong : label)
      b.push(i < onlyA ? wrong : label)
    }
  })
  return { labels, a, b, classes: classes.length }
}

describe('mcnemar', () => {
  it.each(fixture.mcnemar)("is scipy's exact test for $onlyA against $onlyB", ({ onlyA, onlyB, p }) => {
    expect(mcnemar(onlyA, onlyB) / p).toBeCloseTo(1, 8)
  })
})

describe('holm', () => {
  it('adjusts as the definition says', () => {
    const { p, adjusted } = fixture.holm
    holm(p).forEach((value, i) => expect(value).toBeCloseTo(adjusted[i]!, 12))
    expect(holm([])).toEqual([])
  })
})

describe('comparePaired', () => {
  const { classes, low, high } = fixture.bootstrap

  it('gives the difference in balanced accuracy with the interval of a large bootstrap', () => {
    const result = comparePaired(paired(classes), { resamples: 10_000 })
    const truth = classes.reduce((sum, [n, a, b]) => sum + (b - a) / n, 0) / classes.length
    expect(result.difference).toBeCloseTo(truth, 12)
    expect(Math.abs(result.interval.low - low)).toBeLessThan(0.005)
    expect(Math.abs(result.interval.high - high)).toBeLessThan(0.005)
    expect([result.onlyA, result.onlyB, result.count]).toEqual([7, 16, 100])
    expect(result.p).toBe(mcnemar(7, 16))
  })

  it('says the same each time', () => {
    expect(comparePaired(paired(classes))).toEqual(comparePaired(paired(classes)))
  })

  it('separates a clear difference, either way, and not a small one or none', () => {
    expect(
      comparePaired(
        paired([
          [50, 2, 20],
          [50, 1, 18],
        ]),
      ).verdict,
    ).toBe('separated')
    expect(
      comparePaired(
        paired([
          [50, 20, 2],
          [50, 18, 1],
        ]),
      ).verdict,
    ).toBe('separated')
    expect(
      comparePaired(
        paired([
          [50, 4, 7],
          [50, 5, 6],
        ]),
      ).verdict,
    ).toBe('not separated')
    const same = comparePaired(paired([[50, 0, 0]]))
    expect(same.verdict).toBe('not separated')
    expect([same.difference, same.interval.low, same.interval.high, same.p]).toEqual([0, 0, 0, 1])
  })

  it('refuses predictions for other images', () => {
    expect(() => comparePaired({ labels: [0, 1], classes: 2, a: [0, 1], b: [0] })).toThrow(
      /2 and 1 predictions for 2 images.* same test split/,
    )
  })
})

describe('compareRuns', () => {
  it('adjusts all pairs together, so that a borderline pair among many is not called separated', () => {
    const { labels, a, b, classes } = paired([
      [60, 3, 13],
      [60, 0, 0],
    ])
    expect(comparePaired({ labels, a, b, classes }).verdict).toBe('separated')
    const runs = [
      { name: 'a', predicted: a },
      { name: 'b', predicted: b },
      { name: 'also a', predicted: a },
    ]
    const pairs = compareRuns(labels, classes, runs)
    expect(pairs.map((pair) => [pair.a, pair.b])).toEqual([
      ['a', 'b'],
      ['a', 'also a'],
      ['b', 'also a'],
    ])
    expect(pairs[0]!.adjusted).toBeCloseTo(3 * pairs[0]!.p, 12)
    expect(pairs[0]!.verdict).toBe('not separated')
  })
})

describe('over seeds', () => {
  it.each(fixture.seeds)(
    "t and signed-rank tests are scipy's",
    ({ a, b, mean, low, high, t, p, wilcoxon }) => {
      const result = compareSeeds(a, b)
      expect(result.difference.mean).toBeCloseTo(mean, 12)
      expect(result.difference.low).toBeCloseTo(low, 8)
      expect(result.difference.high).toBeCloseTo(high, 8)
      expect(result.tTest.t).toBeCloseTo(t, 8)
      expect(result.tTest.p).toBeCloseTo(p, 10)
      expect(result.wilcoxon.statistic).toBe(wilcoxon.statistic)
      expect(result.wilcoxon.p).toBeCloseTo(wilcoxon.p, 12)
      expect(result.verdict).toBe(p < 0.05 ? 'separated' : 'not separated')
    },
  )

  it('one seed has a mean and no interval', () => {
    expect(summarizeSeeds([0.7])).toEqual({ count: 1, mean: 0.7, std: NaN, low: NaN, high: NaN })
    expect(() => compareSeeds([0.7], [0.8])).toThrow(/two or more seeds/)
  })

  it('pairs groups by shared seeds and adjusts all pairs together', () => {
    const group = (name: string, entries: [number, number][]) => ({ name, values: new Map(entries) })
    const groups = [
      group('a', [
        [1, 0.7],
        [2, 0.71],
        [3, 0.69],
        [4, 0.7],
      ]),
      group('b', [
        [4, 0.77],
        [2, 0.73],
        [1, 0.74],
        [9, 0.1],
      ]),
      group('c', [[1, 0.7]]),
      group('d', [
        [1, 0.71],
        [2, 0.7],
        [3, 0.7],
      ]),
    ]
    const pairs = compareSeedGroups(groups)
    expect(pairs.map(({ a, b, difference }) => [a, b, difference.count])).toEqual([
      ['a', 'b', 3],
      ['a', 'd', 3],
      ['b', 'd', 2],
    ])
    const [first] = pairs
    const alone = compareSeeds([0.7, 0.71, 0.7], [0.74, 0.73, 0.77])
    expect(first!.tTest).toEqual(alone.tTest)
    expect(first!.adjusted).toBeGreaterThan(first!.tTest.p)
    expect(compareSeedGroups([])).toEqual([])
  })

  it('equal runs do not separate', () => {
    expect(compareSeeds([0.7, 0.6, 0.8], [0.7, 0.6, 0.8]).verdict).toBe('not separated')
    expect(signedRank([0, 0])).toEqual({ statistic: 0, p: 1 })
  })
})
