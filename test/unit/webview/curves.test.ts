import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { accuracyRange, lossRange, valueAt } from '../../../webview/curves/ranges'
import { average } from '../../../webview/curves/average'
import { runColour, runDash } from '../../../webview/curves/specs'

const whole = { from: 0, to: 100 }

describe('the running average', () => {
  it('has no bias at its start and leaves gaps where they were', () => {
    expect(average([2, 2, 2], 0.9)).toEqual([2, 2, 2].map((x) => expect.closeTo(x, 12)))
    expect(average([1, null, 1], 0.9)).toEqual([1, null, expect.closeTo(1, 12)])
    expect(average([1, NaN, 1], 0.9)[1]).toBeNaN()
  })

  it('is the values themselves without memory, and never looks ahead', () => {
    const values = fc.array(fc.double({ min: -1e3, max: 1e3, noNaN: true }), { minLength: 1, maxLength: 40 })
    fc.assert(
      fc.property(values, (list) => {
        average(list, 0).forEach((value, i) => expect(value! - list[i]!).toBe(0))
      }),
    )
    fc.assert(
      fc.property(values, fc.double({ min: 0, max: 0.99, noNaN: true }), (list, memory) => {
        const cut = list.slice(0, Math.ceil(list.length / 2))
        expect(average(list, memory).slice(0, cut.length)).toEqual(average(cut, memory))
      }),
    )
  })
})

describe('the ends of the axes', () => {
  const line = { steps: [1, 50, 99], values: [10, 1, 0.001] }

  it('of a logarithmic loss span at most a factor of 300 and at least one of 3.4', () => {
    expect(lossRange([line], whole, true)).toEqual({ floor: 10 / 300, ceiling: 10 })
    expect(lossRange([{ steps: [1, 2], values: [1, 0.9] }], whole, true)).toEqual({
      floor: 1 / 3.4,
      ceiling: 1,
    })
    expect(lossRange([{ steps: [1], values: [0] }], whole, true)).toEqual({ floor: 0.1, ceiling: 1 })
  })

  it('fit the steps that are shown', () => {
    expect(lossRange([line], { from: 40, to: 60 }, true).ceiling).toBe(1)
    expect(lossRange([line], whole, false)).toEqual({ floor: 0, ceiling: 10 })
    expect(lossRange([{ steps: [1], values: [-2] }], whole, false)).toEqual({ floor: -2, ceiling: -1 })
  })

  it('of the accuracy are 0 and 1, or what there is with room', () => {
    const accuracy = { steps: [10, 20], values: [0.5, 0.7] }
    expect(accuracyRange([accuracy], whole, false)).toEqual({ floor: 0, ceiling: 1 })
    const { floor, ceiling } = accuracyRange([accuracy], whole, true)
    expect([floor, ceiling]).toEqual([expect.closeTo(0.484, 9), expect.closeTo(0.716, 9)])
  })
})

it('reads a line off at any step as its last point before', () => {
  const line = { steps: [2, 4, 8], values: [1, null, 3] }
  expect([1, 2, 3, 4, 7, 8, 99].map((step) => valueAt(line, step))).toEqual([
    undefined,
    1,
    1,
    null,
    null,
    3,
    3,
  ])
})

it('gives sixteen runs each a look of its own', () => {
  const looks = Array.from({ length: 16 }, (_, i) => `${runColour(i)} ${runDash(i).join(' ')}`)
  expect(new Set(looks).size).toBe(16)
})
