import { describe, expect, it } from 'vitest'
import type { PredictionTable } from '../../../src/events/artifacts'
import { csvText } from '../../../webview/export'
import { leastSure, mostWrong, ofCell } from '../../../webview/predictions/rank'
import { confusionOf, recalls, wilson } from '../../../webview/predictions/recall'

const table: PredictionTable = {
  v: 1,
  step: 3,
  split: 'test',
  classes: ['a', 'b', 'c'],
  total: 5,
  paths: ['1', '2', '3', '4', '5'],
  labels: [0, 0, 1, 1, 0],
  predicted: [0, 1, 1, 0, 1],
  second: [1, 0, 0, 1, 0],
  confidence: [0.9, 0.6, 0.5, 0.8, 0.95],
  runnerUp: [0.1, 0.3, 0.45, 0.1, 0.03],
  truth: [0.9, 0.3, 0.5, 0.1, 0.03],
}

describe('predictions in the panel', () => {
  it('ranks wrong images by how sure the network was, and all by how unsure', () => {
    expect(mostWrong(table)).toEqual([4, 3, 1])
    expect(leastSure(table)).toEqual([2, 1, 3, 0, 4])
    expect(ofCell(table, 0, 1)).toEqual([4, 1])
  })

  it('counts by true and predicted class; a class without images has no recall', () => {
    const confusion = confusionOf(table)
    expect(confusion).toEqual([
      [1, 2, 0],
      [1, 1, 0],
      [0, 0, 0],
    ])
    const rows = recalls(table.classes, confusion)
    expect(rows.map(({ name, recall, precision }) => [name, recall, precision])).toEqual([
      ['a', 1 / 3, 1 / 2],
      ['b', 1 / 2, 1 / 3],
    ])
  })

  // Wilson 1927; at the ends it is z^2 / (n + z^2) and n / (n + z^2)
  it.each([
    [8, 10, 0.4901625, 0.9433178],
    [0, 5, 0, 0.4344825],
    [11, 11, 0.7411669, 1],
  ])('%i of %i: the interval of Wilson', (correct, total, low, high) => {
    const found = wilson(correct, total)
    expect(found.low).toBeCloseTo(low, 6)
    expect(found.high).toBeCloseTo(high, 6)
  })
})

it('CSV quotes what has commas, quotes or line breaks', () => {
  expect(csvText([['a,b', 'say "x"', 'two\nlines', 1, undefined]])).toBe(
    '"a,b","say ""x""","two\nlines",1,\r\n',
  )
})
