import fc from 'fast-check'
import { appendFileSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  LAYER_MEASURES,
  LayerReader,
  LayerWriter,
  type LayerWindow,
  type RowRange,
} from '../../../src/events'
import { addRows, cutRows, expandRows } from '../../../src/events/rows'
import { layerTable } from './arbitraries'

const M = LAYER_MEASURES.length
let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'thaw-layers-'))
  path = join(folder, 'layers.f32')
})
afterEach(() => rmSync(folder, { recursive: true }))

const value = fc.oneof(
  { weight: 8, arbitrary: fc.float({ noNaN: true }) },
  { weight: 1, arbitrary: fc.constant(NaN) },
)

/** What the window must hold, straight from all values: the definition, without any pyramid. */
function expectWindow(
  window: LayerWindow,
  steps: number[],
  data: Float32Array[],
  columns: number,
  from: number,
  to: number,
) {
  const inside = steps.flatMap((step, i) => (step >= from && step <= to ? [i] : []))
  expect(window.columns).toBeLessThanOrEqual(columns)
  let covered = 0
  for (let column = 0; column < window.columns; column++) {
    const members = inside.filter((i) => steps[i]! >= window.from[column]! && steps[i]! <= window.to[column]!)
    expect(members.length).toBeGreaterThan(0)
    covered += members.length
    window.layers.forEach((layer, k) => {
      const values = members.map((i) => data[i]![layer * M + LAYER_MEASURES.indexOf(window.measure)]!)
      const numbers = values.filter((v) => !Number.isNaN(v))
      const low = numbers.length > 0 ? Math.min(...numbers) : NaN
      const high = numbers.length < values.length ? NaN : Math.max(...numbers)
      expect(window.low[k * window.columns + column]! + 0).toBe(low + 0)
      expect(window.high[k * window.columns + column]! + 0).toBe(high + 0)
    })
  }
  expect(covered).toBe(inside.length)
}

describe('layer measures', () => {
  test('a window holds min and max of each column, while rows come and after a resume', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 150 }),
        fc.integer({ min: 1, max: 5 }),
        fc.array(value, { minLength: 30, maxLength: 60 }),
        fc.integer({ min: 1, max: 40 }),
        fc.nat(400),
        fc.nat(400),
        fc.nat(150),
        fc.constantFrom(...LAYER_MEASURES),
        async (layers, count, every, pool, columns, a, b, cut, measure) => {
          rmSync(path, { force: true })
          const reader = new LayerReader(path)
          let ranges: RowRange[] = []
          let steps: number[] = []
          let data: Float32Array[] = []
          let writer = new LayerWriter(path)
          const add = (step: number) => {
            const row = Float32Array.from(
              { length: layers * M },
              (_, i) => pool[(i * 7 + step * 3) % pool.length]!,
            )
            ranges = addRows(ranges, { step, row: writer.append(row), rows: 1, every })
            steps.push(step)
            data.push(row)
          }
          const check = async (from: number, to: number) => {
            await reader.update({ rows: ranges, layers: layerTable(layers) })
            expectWindow(await reader.window({ measure, from, to, columns }), steps, data, columns, from, to)
          }
          for (let i = 1; i <= count; i++) {
            add(i * every)
            if (i % 50 === 0) await check(0, Infinity)
          }
          await check(Math.min(a, b), Math.max(a, b))
          // killed within a row, resumed from an older step
          writer.close()
          appendFileSync(path, Buffer.alloc(7, 1))
          writer = new LayerWriter(path)
          ranges = cutRows(ranges, cut)
          steps = steps.filter((step) => step <= cut)
          data = data.slice(0, steps.length)
          for (let i = 1; i <= 20; i++) add(cut + i * every)
          await check(0, Infinity)
          await check(Math.min(a, b), Math.max(a, b))
          writer.close()
        },
      ),
      { numRuns: 40 },
    )
  })

  test('a torn last row is not seen, and the next row is whole', async () => {
    const writer = new LayerWriter(path)
    expect(writer.append(new Float32Array(2 * M).fill(1))).toBe(0)
    appendFileSync(path, Buffer.alloc(11))
    const reader = new LayerReader(path)
    const view = { rows: [{ step: 1, row: 0, rows: 2, every: 1 }], layers: layerTable(2) }
    await reader.update(view)
    expect((await reader.window({ measure: 'moved', columns: 10 })).columns).toBe(1)
    expect(writer.append(new Float32Array(2 * M).fill(2))).toBe(2)
    expect(statSync(path).size).toBe(3 * 2 * M * 4)
    writer.close()
  })

  test('a view asks for some layers, or for a run without a measure yet', async () => {
    const reader = new LayerReader(path)
    await reader.update({ rows: [], layers: layerTable(3) })
    expect((await reader.window({ measure: 'distance', columns: 10 })).columns).toBe(0)
    const writer = new LayerWriter(path)
    writer.append(Float32Array.from({ length: 3 * M }, (_, i) => i))
    await reader.update({ rows: [{ step: 5, row: 0, rows: 1, every: 1 }], layers: layerTable(3) })
    const window = await reader.window({ measure: 'distance', layers: [2, 0, 7], columns: 10 })
    expect([window.layers, [...window.low], [...window.from]]).toEqual([[2, 0], [2 * M + 2, 2], [5]])
    writer.close()
  })

  test('a range that claims more rows than the file holds costs nothing', async () => {
    const writer = new LayerWriter(path)
    writer.append(new Float32Array(M))
    const reader = new LayerReader(path)
    await reader.update({ rows: [{ step: 1, row: 0, rows: 1e15, every: 1 }], layers: layerTable(1) })
    expect((await reader.window({ measure: 'moved', columns: 4 })).columns).toBe(1)
    writer.close()
  })

  test('500 layers by 2,000 rows: a new row costs little, and a window comes without reading the history', async () => {
    const layers = 500
    const writer = new LayerWriter(path)
    const row = new Float32Array(layers * M)
    for (let i = 0; i < 2000; i++) writer.append(row.fill(i))
    const reader = new LayerReader(path)
    const view = (rows: number) => ({
      rows: [{ step: 1, row: 0, rows, every: 1 }],
      layers: layerTable(layers),
    })
    await reader.update(view(2000))
    const started = performance.now()
    const window = await reader.window({ measure: 'moved', columns: 200 })
    writer.append(row.fill(2000))
    await reader.update(view(2001))
    expect(performance.now() - started).toBeLessThan(3000)
    expect(window.high[window.columns - 1]).toBe(1999)
    writer.close()
  })

  test('rows measured at a regular pace are one range, whatever their number', () => {
    let ranges: RowRange[] = []
    for (let i = 0; i < 1000; i++) ranges = addRows(ranges, { step: 4 * (i + 1), row: i, rows: 1, every: 4 })
    expect(ranges).toEqual([{ step: 4, row: 0, rows: 1000, every: 4 }])
    expect(expandRows(cutRows(ranges, 11), Infinity).steps).toEqual([4, 8])
  })
})
