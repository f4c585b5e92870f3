import { describe, expect, it } from 'vitest'
import type { DeclaredPhase, LayerInfo } from '../../../src/events/types'
import type { LayerWindow } from '../../../src/extension/protocol'
import { number } from '../../../webview/format'
import { blockLabel, foldedAtFirst, layoutRows } from '../../../webview/map/layout'
import { shade } from '../../../webview/map/measures'
import { cellAt, columnAt, phaseAt, spanOf } from '../../../webview/map/truth'
import { ticks } from '../../../webview/map/ticks'
import { ember } from '../../../webview/colour'

const layer = (name: string, stage: string, block = ''): LayerInfo => ({
  name,
  stage,
  block,
  kind: 'conv2d',
  parameters: 1,
  names: [],
  batchNorm: false,
})
const layers = [
  layer('stem', 'stem'),
  layer('a', 's1', 's1.0'),
  layer('b', 's1', 's1.1'),
  layer('head', 'head'),
]
const phase = (index: number, from: number, to: number, training: boolean[]): DeclaredPhase => ({
  index,
  name: `${index}`,
  from,
  to,
  declared: training.map((one) => ({ training: one })),
})
const phases = [phase(0, 0, 10, [false, false, false, true]), phase(1, 10, 20, [false, true, true, true])]
const window = (moved: number[][], update: number[][]): LayerWindow => ({
  from: [2, 4, 12],
  to: [2, 8, 12],
  layers: 4,
  values: { moved: Float32Array.from(moved.flat()), updateRatio: Float32Array.from(update.flat()) },
})
const still = [0, 0, 0]

describe('the freeze map', () => {
  it('puts the update of a step into the phase that made it', () => {
    expect(phaseAt(phases, 10)!.index).toBe(0)
    expect(phaseAt(phases, 11)!.index).toBe(1)
    expect(phaseAt(phases, 0)!.index).toBe(0)
    expect(phaseAt(phases, 99)!.index).toBe(1)
  })

  it('tells frozen and still from frozen and moved from not measured', () => {
    const view = window([still, [0, 1e-3, NaN], still, still], [still, still, still, still])
    expect(cellAt(view, 'updateRatio', phases, [1], 0)).toMatchObject({
      moved: false,
      declaredTraining: false,
    })
    expect(cellAt(view, 'updateRatio', phases, [1], 1)).toMatchObject({
      moved: true,
      declaredTraining: false,
    })
    expect(cellAt(view, 'updateRatio', phases, [1], 2).moved).toBeUndefined()
  })

  it('shows a folded row as its greatest layer', () => {
    const view = window([still, still, still, still], [still, [1, 2, 3], [4, 1, 1], still])
    expect([0, 1, 2].map((column) => cellAt(view, 'updateRatio', phases, [1, 2], column).value)).toEqual([
      4, 2, 3,
    ])
  })

  it('gives a cell the steps since the measure before it', () => {
    const view = window([still, still, still, still], [still, still, still, still])
    expect(spanOf(view, 0, 2)).toEqual([0, 2])
    expect(spanOf(view, 1, 2)).toEqual([2, 8])
    expect([1, 2, 3, 8, 9, 99].map((step) => columnAt(view, step))).toEqual([0, 0, 1, 1, 2, 2])
  })

  it('folds what never trains, keeps the rest open, and leaves no row out', () => {
    expect([...foldedAtFirst(layers, phases)]).toEqual(['stem', 'head'])
    const open = layoutRows(layers, () => false).groups.flatMap((group) =>
      group.rows.flatMap((row) => row.layers),
    )
    const shut = layoutRows(layers, () => true).groups.flatMap((group) =>
      group.rows.flatMap((row) => row.layers),
    )
    expect(open).toEqual([0, 1, 2, 3])
    expect(shut).toEqual([0, 1, 2, 3])
    expect(blockLabel('s1.0', 's1')).toBe('block 0')
    expect(blockLabel('s1.block2', 's1')).toBe('block 2')
  })

  it('shades by the logarithm, from nothing at 0 to full at the end of the scale', () => {
    expect(shade(0, 'updateRatio')).toBe(0)
    expect(shade(1, 'updateRatio')).toBe(1)
    expect(shade(1e-3, 'gradientNorm')).toBe(0)
    expect(shade(1e-1, 'gradientNorm')).toBeCloseTo(0.5)
  })

  it.each(['dark', 'light', 'hc', 'hcl'] as const)('has even steps of lightness in %s', (theme) => {
    const luminance = Array.from({ length: 11 }, (_, i) => {
      const [r, g, b] = ember(i / 10, theme)
        .match(/\d+/g)!
        .map((v) => {
          const c = Number(v) / 255
          return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4
        })
      // Oklab lightness (Ottosson 2020)
      const cone = (x: number, y: number, z: number) => Math.cbrt(x * r! + y * g! + z * b!)
      return (
        0.2104542553 * cone(0.4122214708, 0.5363325363, 0.0514459929) +
        0.793617785 * cone(0.2119034982, 0.6806995451, 0.1073969566) -
        0.0040720468 * cone(0.0883024619, 0.2817188376, 0.6299787005)
      )
    })
    const steps = luminance.slice(1).map((value, i) => Math.abs(value - luminance[i]!))
    expect(Math.max(...steps) / Math.min(...steps)).toBeLessThan(1.25)
  })

  it('has round steps on its axis', () => {
    expect(ticks(240, 760)).toEqual([0, 20, 40, 60, 80, 100, 120, 140, 160, 180, 200, 220, 240])
    expect(ticks(240, 380)).toEqual([0, 50, 100, 150, 200])
    expect(ticks(3, 760)).toEqual([0, 1, 2, 3])
    expect(ticks(0, 760)).toEqual([0])
  })

  it('writes numbers as people read them', () => {
    expect([0, 4.5e-4, 0.0153, 3, 123.4, NaN, undefined].map(number)).toEqual([
      '0',
      '4.5e−4',
      '0.015',
      '3.0',
      '123',
      'not measured',
      'not measured',
    ])
  })
})
