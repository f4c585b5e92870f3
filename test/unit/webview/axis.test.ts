import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createAxis, fitRange, panned, zoomed } from '../../../webview/axis'

describe('the step axis', () => {
  it('maps steps to pixels and back, zoomed or not', () => {
    const run = createAxis(900, 240)
    expect([run.x(0), run.x(240)]).toEqual([run.left, run.right])
    const part = createAxis(900, 240, { from: 60, to: 120 })
    expect([part.x(60), part.x(120), part.step(part.x(77))]).toEqual([
      part.left,
      part.right,
      expect.closeTo(77, 9),
    ])
  })

  it('keeps the step under the pointer in its place while it zooms', () => {
    const axis = createAxis(900, 240, { from: 60, to: 120 })
    const range = zoomed(axis, 0.5, 80)!
    expect(createAxis(900, 240, range).x(80)).toBeCloseTo(axis.x(80), 9)
    expect(zoomed(axis, 100, 80)).toBeUndefined()
  })

  it('never leaves the run', () => {
    expect(panned(createAxis(900, 240, { from: 60, to: 120 }), -100)).toEqual({ from: 0, to: 60 })
    expect(panned(createAxis(900, 240, { from: 60, to: 120 }), 1000)).toEqual({ from: 180, to: 240 })
    fc.assert(
      fc.property(
        fc.double({ min: -1e6, max: 1e6, noNaN: true }),
        fc.double({ min: -1e6, max: 1e6, noNaN: true }),
        fc.integer({ min: 1, max: 100_000 }),
        (a, b, steps) => {
          const { from, to } = fitRange({ from: a, to: b }, steps)
          expect(from).toBeGreaterThanOrEqual(0)
          expect(to).toBeLessThanOrEqual(steps + 1e-6)
          expect(to - from).toBeGreaterThanOrEqual(Math.min(4, steps) - 1e-6)
        },
      ),
    )
  })
})
