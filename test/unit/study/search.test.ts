import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { tuneSchema } from '../../../src/spec/tune'
import { proposeTrials } from '../../../src/study/search'

const tune = (given: object) => tuneSchema.parse(given)
const rate = { rate: { logUniform: [1e-5, 1e-1] } }

describe('random search', () => {
  test('is the same for the same seed, another for another, and keeps its first trials under a larger budget', () => {
    const space = { ...rate, alpha: { uniform: [0, 1] }, name: { choice: ['sgd', 'adamw'] } }
    const some = proposeTrials(tune({ trials: 10, space }))
    expect(proposeTrials(tune({ trials: 10, space }))).toEqual(some)
    expect(proposeTrials(tune({ trials: 20, space })).slice(0, 10)).toEqual(some)
    expect(proposeTrials(tune({ trials: 10, seed: 1, space }))).not.toEqual(some)
    expect(some.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  })

  test('a new dimension, or another order of them, leaves the values of the others alone', () => {
    const rates = (space: object) =>
      proposeTrials(tune({ trials: 5, space })).map(({ values }) => values.rate)
    expect(rates({ alpha: { uniform: [0, 1] }, ...rate })).toEqual(rates(rate))
    expect(rates({ ...rate, alpha: { uniform: [0, 1] } })).toEqual(rates(rate))
  })

  test('log-uniform gives each order of magnitude the same share, uniform each stretch', () => {
    const trials = proposeTrials(tune({ trials: 4000, space: { ...rate, u: { uniform: [2, 4] } } }))
    for (const decade of [-5, -4, -3, -2]) {
      const inside = trials.filter(({ values }) => Math.floor(Math.log10(values.rate as number)) === decade)
      // 1000 expected, standard deviation 27
      expect(Math.abs(inside.length - 1000)).toBeLessThan(120)
    }
    expect(Math.abs(trials.filter(({ values }) => (values.u as number) < 2.5).length - 1000)).toBeLessThan(
      120,
    )
  })

  test('whole numbers have equal shares, the ends too', () => {
    const draws = Array.from({ length: 2000 }, (_, seed) =>
      proposeTrials(tune({ trials: 1, seed, space: { n: { uniform: [1, 4], whole: true } } })),
    ).map(([trial]) => trial!.values.n as number)
    for (const n of [1, 2, 3, 4])
      expect(Math.abs(draws.filter((value) => value === n).length - 500)).toBeLessThan(100)
  })

  test('tries nothing twice, and ends when a space of few values is used up', () => {
    const trials = proposeTrials(
      tune({ trials: 50, space: { a: { choice: [1, 2, 3] }, b: { choice: ['x', { name: 'l2-sp' }] } } }),
    )
    expect(trials).toHaveLength(6)
    expect(new Set(trials.map(({ values }) => JSON.stringify(values))).size).toBe(6)
  })

  test('every value lies in its range, whatever the range is', () => {
    const range = fc
      .tuple(fc.double({ min: 1e-9, max: 1e9, noNaN: true }), fc.double({ min: 1e-9, max: 1e9, noNaN: true }))
      .filter(([low, high]) => high > low * 1.001)
    fc.assert(
      fc.property(range, fc.constantFrom('random', 'grid'), fc.nat(1000), ([low, high], search, seed) => {
        for (const kind of ['uniform', 'logUniform'])
          for (const { values } of proposeTrials(
            tune({ search, seed, trials: 5, space: { x: { [kind]: [low, high] } } }),
          )) {
            expect(values.x).toBeGreaterThanOrEqual(low)
            expect(values.x).toBeLessThanOrEqual(high)
          }
      }),
    )
  })
})

test('a grid has every combination, its ends exactly, the last dimension fastest', () => {
  const trials = proposeTrials(
    tune({
      search: 'grid',
      space: {
        rate: { logUniform: [1e-4, 1e-2] },
        k: { uniform: [1, 2], whole: true, points: 5 },
        name: { choice: ['a', 'b'] },
      },
    }),
  )
  expect(trials.map(({ values }) => Object.values(values))).toEqual([
    [1e-4, 1, 'a'],
    [1e-4, 1, 'b'],
    [1e-4, 2, 'a'],
    [1e-4, 2, 'b'],
    [1e-3, 1, 'a'],
    [1e-3, 1, 'b'],
    [1e-3, 2, 'a'],
    [1e-3, 2, 'b'],
    [1e-2, 1, 'a'],
    [1e-2, 1, 'b'],
    [1e-2, 2, 'a'],
    [1e-2, 2, 'b'],
  ])
})
