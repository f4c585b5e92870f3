import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { DeclaredPhase } from '../../../src/events/types'
import type { LayerWindow } from '../../../src/extension/protocol'
import { createAxis } from '../../../webview/axis'
import {
  ALARM,
  columnsOf,
  fillsOf,
  HATCH,
  LEVELS,
  NOTHING,
  runsOf,
  SCALE,
  TRAINING,
} from '../../../webview/map/cells'
import { choices, shade } from '../../../webview/map/measures'
import { SvgPen } from '../../../webview/map/svgPen'
import { cellAt } from '../../../webview/map/truth'

const value = fc.oneof(fc.constant(0), fc.constant(NaN), fc.double({ min: 1e-6, max: 10, noNaN: true }))
const given = fc.record({
  layers: fc.integer({ min: 1, max: 4 }),
  steps: fc.uniqueArray(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 12 }),
  values: fc.array(value, { minLength: 48, maxLength: 48 }),
  moved: fc.array(value, { minLength: 48, maxLength: 48 }),
  trains: fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }),
  choice: fc.constantFrom(...choices),
  chosen: fc.subarray([0, 1, 2, 3], { minLength: 1 }),
})

describe('cells of the freeze map, many at once', () => {
  it('are what the rules of a single cell say', () => {
    fc.assert(
      fc.property(given, ({ layers, steps, values, moved, trains, choice, chosen }) => {
        const to = [...steps].sort((a, b) => a - b)
        const count = to.length
        const window: LayerWindow = {
          ...{ from: to, to, layers },
          values: {
            moved: Float32Array.from(moved.slice(0, layers * count)),
            ...(choice !== 'declared' && { [choice]: Float32Array.from(values.slice(0, layers * count)) }),
          },
        }
        const phases: DeclaredPhase[] = [0, 1].map((index) => ({
          ...{ index, name: '', from: index * 20, to: index * 20 + 20 },
          declared: Array.from({ length: 4 }, (_, i) => ({ training: trains[index * 4 + i]! })),
        }))
        const own = chosen.filter((layer) => layer < layers)
        const columns = columnsOf(window, phases, createAxis(900, 40), 1, 1)
        const fills = fillsOf({ layers: own }, window, choice, phases, columns)
        fills.forEach((fill, c) => {
          const cell = cellAt(window, choice, phases, own, c)
          const wanted =
            !cell.declaredTraining && cell.moved === false
              ? HATCH
              : choice === 'declared'
                ? cell.moved === undefined
                  ? NOTHING
                  : cell.declaredTraining
                    ? TRAINING
                    : ALARM
                : Number.isNaN(cell.value)
                  ? NOTHING
                  : SCALE + Math.round((LEVELS - 1) * shade(cell.value, choice))
          expect(fill).toBe(wanted)
        })
      }),
    )
  })

  it('are joined where they touch and are alike, and lose no pixel', () => {
    const columns = {
      count: 4,
      left: Int32Array.from([0, 10, 20, 40]),
      right: Int32Array.from([10, 20, 30, 50]),
      first: new Int32Array(4),
      last: new Int32Array(4),
    }
    expect(runsOf(Uint16Array.from([7, 7, 7, 7]), columns)).toEqual([
      { from: 0, to: 30, fill: 7 },
      { from: 40, to: 50, fill: 7 },
    ])
    expect(runsOf(Uint16Array.from([7, NOTHING, 9, 7]), columns).map(({ fill }) => fill)).toEqual([7, 9, 7])
  })
})

describe('a drawing written down as SVG', () => {
  it('has each stroke as an element of its own, with its style, and no markup from names', () => {
    const pen = new SvgPen(undefined)
    pen.fillStyle = 'rgb(1,2,3)'
    pen.globalAlpha = 0.5
    pen.fillRect(1, 2, 3.456, 4)
    pen.globalAlpha = 1
    pen.save()
    pen.beginPath()
    pen.rect(0, 0, 10, 10)
    pen.clip()
    pen.font = '600 11px Inter, sans-serif'
    pen.textAlign = 'right'
    pen.fillText('a < b & c', 5, 6)
    pen.restore()
    pen.strokeStyle = '#fff'
    pen.setLineDash([2, 2])
    pen.beginPath()
    pen.moveTo(0, 0)
    pen.lineTo(5, 5)
    pen.stroke()
    const text = pen.document(20, 10, '#000', '"><script>')
    expect(text).toContain('<rect x="1" y="2" width="3.46" height="4" fill="rgb(1,2,3)" opacity="0.5"/>')
    expect(text).toContain(
      '<g clip-path="url(#clip1)"><text x="5" y="6" text-anchor="end" font-weight="600" font-size="11px" font-family="Inter, sans-serif" fill="rgb(1,2,3)">a &#60; b &#38; c</text></g>',
    )
    expect(text).toContain(
      '<path d="M0 0L5 5" fill="none" stroke="#fff" stroke-width="1" stroke-linejoin="miter" stroke-dasharray="2 2"/>',
    )
    expect(text).not.toContain('<script>')
  })
})
