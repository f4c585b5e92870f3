import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { catalog } from '../../../src/engine/strategies/catalog'
import { formatProblem, jsonSchema, parseRunFile } from '../../../src/spec'

const file = 'a.thaw.json'
const parse = (tune: unknown, rest: object = {}) =>
  parseRunFile(JSON.stringify({ strategy: 'l2-sp', ...rest, tune }), { file, strategies: catalog })
const said = (tune: unknown, rest: object = {}) =>
  parse(tune, rest).problems.map((problem) => formatProblem(problem).replace(/^a\.thaw\.json:1:\d+ /, ''))
const rate = { 'train.optimizer.rate': { logUniform: [1e-4, 1e-2] } }

describe('the tune part', () => {
  test('has defaults, and any option path in its space', () => {
    const { spec } = parse({
      space: {
        ...rate,
        'strategy.alpha': { choice: [0.01, 0.1, 1] },
        'train.batchSize': { uniform: [4, 32], whole: true, points: 4 },
        'strategy.form': { choice: ['loss', 'decoupled'] },
      },
    })
    expect(spec!.tune).toMatchObject({
      search: 'random',
      metric: 'balancedAccuracy',
      seed: 0,
      space: { 'train.optimizer.rate': { logUniform: [1e-4, 1e-2], points: 3, whole: false } },
    })
  })

  test.each([
    [{ space: {} }, 'tune.space: nothing to try; write for example'],
    [
      { space: { 'strategy.alpa': { choice: [1] } } },
      'tune.space["strategy.alpa"]: unknown field "alpa"; did you mean "alpha"?',
    ],
    [
      { space: { ...rate, 'train.batchSize': { choice: [4, 0] } } },
      'tune.space["train.batchSize"]: 0 is below 1; write a whole number from 1 to 4096',
    ],
    [
      { space: { 'train.batchSize': { uniform: [4, 8.5] } } },
      'tune.space["train.batchSize"]: 8.5 is not a whole number; write',
    ],
    [
      { space: { 'train.optimizer.rate': { logUniform: [0.1, 0.01] } } },
      'tune.space["train.optimizer.rate"]: 0.1 is not below 0.01; write the lower value first',
    ],
    [{ space: { 'train.seed': { choice: [1, 2] } } }, 'tune.space["train.seed"]: is not for tuning; '],
    [
      { space: { 'data.split.val': { choice: [0.1] } } },
      'tune.space["data.split.val"]: decides which images',
    ],
    [{ space: { 'train.steps': { choice: [10] } } }, 'tune.space["train.steps"]: is the budget'],
    [{ space: { 'train.steps.x': { choice: [10] } } }, 'tune.space["train.steps.x"]: '],
    [
      { space: { 'train optimizer': { choice: [10] } } },
      'tune.space["train optimizer"]: not the path of a field',
    ],
    [
      { search: 'grid', trials: 5, space: { ...rate, 'strategy.alpha': { choice: [1, 2] } } },
      'tune.space: the grid has 6 combinations, and the budget is 5 trials; write fewer `points` or choices, "trials": 6, or',
    ],
    [
      { space: { 'train.optimizer.rate': { logUniform: [0, 1] } } },
      'tune.space["train.optimizer.rate"].logUniform[0]: 0 is not above 0; write',
    ],
    [
      { space: { 'train.optimizer.rate': { choise: [1] } } },
      'tune.space["train.optimizer.rate"].choise: unknown field "choise"; did you mean "choice"?',
    ],
    [{ spaces: rate }, 'tune.spaces: unknown field "spaces"; did you mean "space"?'],
  ])('%j is told', (tune, text) => {
    expect(said(tune).join('\n')).toContain(text)
  })

  test('a file that is wrong itself is told of that alone', () => {
    expect(said({ space: { 'strategy.alpa': { choice: [1] } } }, { train: { epochs: 1, steps: 1 } })).toEqual(
      ['train.epochs: both `steps` and `epochs` are given; remove one of the two'],
    )
  })

  test('no space makes it throw', () => {
    const key = fc.oneof(
      fc.constantFrom(
        'train.optimizer.rate',
        'strategy',
        'strategy.alpha',
        '__proto__.x',
        'freeze[0].steps',
        'a[9999]',
      ),
      fc.string({ maxLength: 8 }),
    )
    const dimension = fc.oneof(
      fc.record({ choice: fc.array(fc.jsonValue({ maxDepth: 1 }), { minLength: 1, maxLength: 3 }) }),
      fc.record({ uniform: fc.tuple(fc.double(), fc.double()) }),
    )
    fc.assert(
      fc.property(fc.dictionary(key, dimension, { maxKeys: 3 }), (space) => {
        const { spec, problems } = parse({ space })
        expect(spec === undefined).toBe(problems.some(({ severity }) => severity === 'error'))
        for (const problem of problems) expect(formatProblem(problem)).toMatch(/: .+; .+$/)
      }),
      { numRuns: 100 },
    )
  })
})

test('editors offer every field that can be tuned, and none that cannot', () => {
  const { space } = jsonSchema(catalog).properties!.tune!.properties!
  const offered = Object.keys(space!.properties!)
  expect(offered).toEqual(
    expect.arrayContaining([
      'train.optimizer.rate',
      'strategy.alpha',
      'strategy',
      'model.dropout',
      'data.transforms.flip',
    ]),
  )
  expect(
    offered.filter((path) => /^(tune|data\.(split|source|shots)|train\.(seed|steps|test)$)/.test(path)),
  ).toEqual([])
  expect(space!.properties!['strategy.alpha']!.description).toBeTruthy()
})
