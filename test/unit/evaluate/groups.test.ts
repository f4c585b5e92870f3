import { describe, expect, test } from 'vitest'
import { compareGroups, detectableAhead, type PredictionGroup } from '../../../src/engine/evaluate'
import { RandomStream } from '../../../src/engine/random'

const logistic = (x: number) => 1 / (1 + Math.exp(-x))

/** Two methods on one test set: hard and easy images, lucky and unlucky seeds, and what both do together. */
interface World {
  images: number
  classes: number
  seeds: number
  /** Of the second method, on the logit. */
  effect: number
  image: number
  seed: number
  both: number
}

function draw(world: World, random: RandomStream): { labels: number[]; groups: PredictionGroup[] } {
  const labels = Array.from({ length: world.images }, (_, i) => i % world.classes)
  const hard = labels.map(() => 1 + world.image * random.normal())
  const groups = ['a', 'b'].map((name, m) => {
    const taste = labels.map(() => (world.image / 2) * random.normal())
    const predicted = new Map(
      Array.from({ length: world.seeds }, (_, s) => {
        const luck = world.seed * random.normal()
        const scores = labels.map((label, i) => {
          const at = hard[i]! + taste[i]! + luck + m * world.effect + world.both * random.normal()
          return random.uniform() < logistic(at) ? label : -1
        })
        return [s, scores] as const
      }),
    )
    return { name, predicted }
  })
  return { labels, groups }
}

function truth(world: World): number {
  const random = new RandomStream(5, 'truth')
  let sum = 0
  const draws = 400_000
  for (let i = 0; i < draws; i++) {
    const noise = 1 + Math.hypot(world.image, world.image / 2, world.seed, world.both) * random.normal()
    sum += logistic(noise + world.effect) - logistic(noise)
  }
  return sum / draws
}

describe('two methods over seeds and test images', () => {
  const usual = { classes: 10, image: 1.5, seed: 0.2, both: 0.5, effect: 0.4 }
  test.each<[string, World]>([
    ['229 images, 3 seeds', { ...usual, images: 229, seeds: 3 }],
    ['40 images, 3 seeds', { ...usual, images: 40, seeds: 3 }],
    ['229 images, 5 unequal seeds', { ...usual, images: 229, seeds: 5, seed: 0.6 }],
    ['60 images in 2 classes, 2 seeds', { ...usual, images: 60, classes: 2, seeds: 2 }],
  ])('%s: the interval holds the true difference', (_name, world) => {
    const random = new RandomStream(11, 'worlds')
    const true_ = truth(world)
    const times = 600
    let held = 0
    for (let i = 0; i < times; i++) {
      const { labels, groups } = draw(world, random)
      const [pair] = compareGroups(labels, groups)
      if (pair!.low <= true_ && true_ <= pair!.high) held++
    }
    expect(held / times).toBeGreaterThan(0.93)
    expect(held / times).toBeLessThan(0.999)
  })

  test('of equal methods at most one in twenty is called separated; a difference of `detectable` is seen four times of five', () => {
    const world = { ...usual, images: 200, seeds: 3, effect: 0 }
    const random = new RandomStream(3, 'power')
    const times = 400
    let wrong = 0
    let smallest = 0
    for (let i = 0; i < times; i++) {
      const { labels, groups } = draw(world, random)
      const [pair] = compareGroups(labels, groups)
      if (pair!.verdict === 'separated') wrong++
      smallest += pair!.detectable / times
    }
    expect(wrong / times).toBeLessThan(0.06)
    const near = { ...world, effect: 0 }
    while (truth(near) < smallest) near.effect += 0.05
    let seen = 0
    for (let i = 0; i < times; i++) {
      const { labels, groups } = draw(near, random)
      if (compareGroups(labels, groups)[0]!.verdict === 'separated') seen++
    }
    expect(seen / times).toBeGreaterThan(0.68)
    expect(seen / times).toBeLessThan(0.97)
  })

  test('what it says of a small case, by hand', () => {
    // two classes of two images, two seeds: d = b right - a right
    const labels = [0, 0, 1, 1]
    const group = (name: string, rows: number[][]) => ({
      name,
      predicted: new Map(rows.map((row, s) => [s, row])),
    })
    const a = group('a', [
      [0, 1, 1, 0],
      [0, 1, 1, 0],
    ])
    const b = group('b', [
      [0, 0, 1, 0],
      [0, 0, 1, 1],
    ])
    const [pair] = compareGroups(labels, [a, b])
    // d by seed: [0 1 0 0] and [0 1 0 1]: means 0.25 and 0.5
    expect(pair!.difference).toBeCloseTo(0.375)
    expect(pair!.seedError).toBeCloseTo(Math.sqrt(0.25 ** 2 / 2 / 2))
    // by image: class 0 [0 1], class 1 [0 0.5]; squares 0.5 and 0.125, common 0.625 / 2
    const common = 0.625 / 2
    expect(pair!.imageError).toBeCloseTo(Math.sqrt(((0.5 + common) / 4 + (0.125 + common) / 4) / 4))
    expect(pair!.error).toBeCloseTo(Math.hypot(pair!.seedError, pair!.imageError))
    expect(pair!.verdict).toBe('not separated')
  })

  test('a single seed says nothing of others', () => {
    const [pair] = compareGroups(
      [0, 1],
      [
        { name: 'a', predicted: new Map([[1, [0, 0]]]) },
        {
          name: 'b',
          predicted: new Map([
            [1, [0, 1]],
            [2, [0, 1]],
          ]),
        },
      ],
    )
    expect(pair).toMatchObject({ seeds: [1], seedError: NaN })
    expect(pair!.error).toBe(pair!.imageError)
    expect(() =>
      compareGroups(
        [0, 1],
        [
          { name: 'a', predicted: new Map([[1, [0, 0]]]) },
          { name: 'b', predicted: new Map([[2, [0, 1]]]) },
        ],
      ),
    ).toThrow('a and b have no seed and test image in common; run both with the same seeds')
  })
})

test('more images tell smaller differences, more comparisons larger ones', () => {
  expect(detectableAhead(229, 1)).toBeCloseTo(0.083, 2)
  expect(detectableAhead(2290, 1)).toBeLessThan(detectableAhead(229, 1) / 3)
  expect(detectableAhead(229, 6)).toBeGreaterThan(detectableAhead(229, 1))
})
