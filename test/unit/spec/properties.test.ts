import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatProblem, placeOf, printPath, readPath } from '../../../src/spec'
import { parse } from './strategies'

const valid =
  '{"name": "a", "model": {"cut": "s"}, "train": {"steps": 3, "actions": [{"at": 1, "do": "pause"}]}}'

function lineLengths(text: string): number[] {
  return text
    .replace(/^\ufeff/, '')
    .split(/\r\n|\n|\r/)
    .map((line) => line.length)
}

function holds(text: string): void {
  const { spec, problems } = parse(text)
  expect(spec === undefined).toBe(problems.some((problem) => problem.severity === 'error'))
  const lines = lineLengths(text)
  for (const problem of problems) {
    const { line, column } = problem.place!
    expect(line).toBeGreaterThan(0)
    expect(line).toBeLessThanOrEqual(lines.length)
    expect(column).toBeGreaterThan(0)
    expect(column).toBeLessThanOrEqual(lines[line - 1]! + 1)
    expect(formatProblem(problem)).toMatch(/^run\.thaw\.json:\d+:\d+[^\n]*: .+; .+$/)
  }
}

test('no text makes it throw, and every problem lies inside the file', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 80 }), holds), { numRuns: 200 })
})

test('nor does any JSON value, nor any field of any value', () => {
  fc.assert(fc.property(fc.json({ maxDepth: 4 }), holds), { numRuns: 200 })
  const field = fc.constantFrom(
    'name',
    'model',
    'data',
    'strategy',
    'train',
    'freeze',
    'backend',
    '__proto__',
  )
  fc.assert(
    fc.property(fc.dictionary(field, fc.jsonValue({ maxDepth: 3 }), { noNullPrototype: true }), (value) =>
      holds(JSON.stringify(value)),
    ),
    { numRuns: 200 },
  )
})

test('nor does a valid file with characters cut out, doubled or put in', () => {
  const edit = fc.tuple(
    fc.nat(valid.length),
    fc.nat(5),
    fc.constantFrom('', '"', '{', ',', '\n', '-', '9', '\u2028', '/*'),
  )
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
      holds(edits.reduce((text, [at, cut, put]) => text.slice(0, at) + put + text.slice(at + cut), valid))
    }),
    { numRuns: 300 },
  )
})

test('a printed path reads back, whatever the keys are', () => {
  const key = fc.oneof(
    fc.string({ minLength: 1 }).filter((text) => !/^\d+$/.test(text)),
    fc.nat(99),
  )
  fc.assert(
    fc.property(fc.array(key, { minLength: 1, maxLength: 5 }), (path) => {
      expect(readPath(printPath(path))).toEqual(path)
    }),
  )
})

test('placeOf finds a field, and its nearest enclosing one when it is not written', () => {
  const text = '{\n  "train": {\n    "steps": 3\n  }\n}'
  expect(placeOf(text, 'train.steps')).toMatchObject({ line: 3, column: 14 })
  expect(placeOf(text, 'train.optimizer.rate')).toMatchObject({ line: 2, column: 12 })
  expect(placeOf('not json', 'train')).toMatchObject({ line: 1, column: 1 })
})
