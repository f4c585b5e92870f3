import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import adafilter from '../../fixtures/pictures/adafilter.json'
import delta from '../../fixtures/pictures/delta.json'
import fitnets from '../../fixtures/pictures/fitnets.json'
import hybrid from '../../fixtures/pictures/hybrid-forward.json'
import l2sp from '../../fixtures/pictures/l2-sp.json'
import l2t from '../../fixtures/pictures/l2t-ww.json'
import spottune from '../../fixtures/pictures/spottune.json'
import transtailor from '../../fixtures/pictures/transtailor.json'
import type { LayerInfo } from '../../../src/events/types'
import type { LayerWindow, PanelRun } from '../../../src/extension/protocol'
import { share } from '../../../webview/colour'
import type { Figure, Spot } from '../../../webview/plot/figure'
import { apart } from '../../../webview/curves/labels'
import { lineFigure } from '../../../webview/plot/lines'
import { addHistograms, medianOf } from '../../../webview/plot/ridge'
import { linearScale, logScale } from '../../../webview/plot/scales'
import { nearest, walk } from '../../../webview/plot/walk'
import { rankCorrelation, rankOf } from '../../../webview/strategy/delta/model'
import { weightShares } from '../../../webview/strategy/hybrid-forward/model'
import { byStage } from '../../../webview/strategy/l2-sp/model'
import { snapshots } from '../../../webview/strategy/l2t-ww/model'
import { views } from '../../../webview/strategy/registry'
import { stageFigure } from '../../../webview/strategy/stages/figures'
import { stageLines } from '../../../webview/strategy/stages/model'
import type { ViewContext } from '../../../webview/strategy/types'

type Recorded = Record<string, { step: number; data: any }>

/** What real runs on the packaged data told, the last of each name. */
const pictures: Record<string, Recorded> = {
  'l2-sp': l2sp,
  ...{ delta, transtailor, spottune, adafilter, fitnets },
  'l2t-ww': l2t,
  'hybrid-forward': hybrid,
}
const recorded = (strategy: string): Recorded => pictures[strategy]!

const layer = (name: string, stage: string, parameters = 4): LayerInfo => ({
  ...{ name, stage, parameters },
  block: '',
  kind: 'conv2d',
  names: [],
  batchNorm: false,
})
const run = {
  steps: 40,
  layers: [layer('a', 's1'), layer('b', 's1'), layer('c', 's1'), layer('d', 's2')],
} as PanelRun
const context = (width = 600, change: Partial<ViewContext> = {}): ViewContext => ({
  ...{ step: 40, width, theme: 'dark', run },
  image: (path) => (path.includes('bird') ? undefined : `data:,${path}`),
  ...change,
})

const all = Object.entries(pictures).flatMap(([strategy, told]) =>
  Object.entries(told).map(([name, { data }]) => [`${strategy}: ${name}`, name, data] as const),
)

function figuresOf(name: string, data: unknown, given = context()): Figure[] {
  return views.find(({ picture }) => picture === name)!.figures(data as never, given)
}

describe('a picture that a run told', () => {
  it.each(all)(
    '%s: each place to read off lies on the drawing, each row of the table has its columns',
    (_, name, data) => {
      for (const width of [360, 600, 1200]) {
        for (const figure of figuresOf(name, data, context(width))) {
          const { spots, table, width: w, height } = figure
          expect(spots.flat().length).toBeGreaterThan(0)
          const outside = spots
            .flat()
            .filter(
              (spot) =>
                spot.x < -7 ||
                spot.y < -7 ||
                spot.x + spot.width > w + 8 ||
                spot.y + spot.height > height + 8,
            )
          const mute = spots
            .flat()
            .filter(
              ({ name: said, facts }) =>
                said === '' || facts.length === 0 || facts.some(([, value]) => /NaN|undefined/.test(value)),
            )
          expect({ outside, mute }).toEqual({ outside: [], mute: [] })
          expect(table.rows.length).toBeGreaterThan(0)
          for (const row of table.rows) expect(row).toHaveLength(table.columns.length)
        }
      }
    },
  )

  it('of a network of 500 layers is drawn in time that grows with its layers, not with their square', () => {
    const { data } = recorded('adafilter').gates!
    const wide = (count: number) => {
      const repeat = <T>(list: T[]): T[] => Array.from({ length: count }, (_, i) => list[i % list.length]!)
      const routed = {
        ...data.routed,
        percent: repeat(data.routed.percent),
        byClass: data.routed.byClass.map((one: any) => ({ ...one, percent: repeat(one.percent) })),
        samples: data.routed.samples.map((one: any) => ({ ...one, percent: repeat(one.percent) })),
      }
      return {
        ...data,
        layers: repeat(data.layers),
        filters: repeat(data.filters),
        training: undefined,
        routed,
      }
    }
    // the least of some tries: what others do on the machine only adds
    const time = (count: number) =>
      Math.min(
        ...Array.from({ length: 5 }, () => {
          const began = performance.now()
          expect(figuresOf('gates', wide(count))[0]!.spots).toHaveLength(count)
          return performance.now() - began
        }),
      )
    time(50)
    // ten times the layers: a hundred times the time would be their square
    expect(time(500) / time(50)).toBeLessThan(50)
  })

  it('counts the same filters in the table as in the rows of L2-SP', () => {
    const { data } = recorded('l2-sp')['filter-distances']!
    for (const { filters, histogram } of byStage(data)) {
      const counted = histogram.counts.reduce((a: number, b: number) => a + b, histogram.zeros)
      expect(counted).toBe(filters)
    }
    // the medians of layers and of stages are of the same size: one bin is a factor of 1.33
    const [stem] = byStage(data)
    const told = data.rows[0].median as number
    expect(Math.abs(Math.log10(stem!.median / told))).toBeLessThan(1 / data.rows[0].histogram.perDecade)
  })

  it('lays the same picture of another run behind, by stage', () => {
    const { data } = recorded('l2-sp')['filter-distances']!
    const [plain] = figuresOf('filter-distances', data)
    const [both] = figuresOf('filter-distances', data, context(600, { other: { name: 'free', data } }))
    expect(plain!.question).not.toContain('free')
    expect(both!.question).toContain('Dashed: free')
    expect(both!.legend!.some(({ kind }) => kind === 'dash')).toBe(true)
  })

  it('names the images whose picture is gone, and keeps their routes', () => {
    const [, samples] = figuresOf('routing', recorded('spottune').routing!.data)
    expect(samples!.notes!.join(' ')).toMatch(/2 images of these have no small picture/)
    expect(samples!.spots.flat().filter(({ image }) => image === undefined)).toHaveLength(2)
    expect(samples!.table.rows).toHaveLength(20)
  })

  it('of other gates says separated only when intervals leave the own accuracy out', () => {
    const { data } = recorded('spottune').routing!
    const with_ = (correct: number) => ({
      ...data,
      ablations: [
        { gates: 'own', correct: 180, images: 200 },
        { gates: 'shuffled', correct, images: 200 },
      ],
    })
    const note = (correct: number) => figuresOf('routing', with_(correct)).at(-1)!.notes![0]
    expect(note(175)).toMatch(/no sign that the image matters/)
    expect(note(120)).toMatch(/the route depends on the image/)
  })

  it('of TransTailor marks the round the run would end with, and the intervals', () => {
    const { data } = recorded('transtailor').transtailor!
    const [kept, cost] = figuresOf('transtailor', data)
    expect(kept!.spots).toHaveLength(data.layers.length)
    const chosen = cost!.spots
      .flat()
      .filter(({ facts }) => facts.some(([, value]) => value.includes('would end')))
    expect(chosen.map(({ name }) => name)).toEqual([
      data.chosen === 0 ? 'Whole network' : `Round ${data.chosen}`,
    ])
    // walking right means a more expensive network
    const costs = cost!.spots[0]!.map(({ x }) => x)
    expect(costs).toEqual([...costs].sort((a, b) => a - b))
  })
})

describe('the pairs of L2T-ww', () => {
  const { step, data } = recorded('l2t-ww').pairs!

  it('are shown at moments in order, the last of them now', () => {
    const moments = snapshots(data, step, 6)
    expect(moments.length).toBeLessThanOrEqual(6)
    expect(moments.map((one) => one.step)).toEqual([...moments.map((one) => one.step)].sort((a, b) => a - b))
    expect(moments.at(-1)!.strengths).toEqual(
      data.pairs.map(({ strength }: { strength: number }) => strength),
    )
    expect(snapshots({ ...data, history: [] }, step, 6)).toHaveLength(1)
  })

  it('stand in the row of their teacher', () => {
    const [matrix] = figuresOf('pairs', data)
    matrix!.spots.forEach((row, i) => {
      for (const { name } of row) expect(name.startsWith(`${data.teacher[i].name} to `)).toBe(true)
    })
  })
})

describe('the balance of Hybrid Forward', () => {
  it('has shares that add up to 1, the student weighing 1', () => {
    for (const row of recorded('hybrid-forward').balance!.data.rows) {
      const [student, first, second] = weightShares(row)
      expect(student + first + second).toBeCloseTo(1, 12)
      expect(first / student).toBeCloseTo(row.weights[0], 9)
    }
  })

  it('puts the swapped networks below the student itself', () => {
    const swaps = figuresOf('balance', recorded('hybrid-forward').balance!.data).find(
      ({ name }) => name === 'stage-swaps',
    )
    expect(swaps!.table.rows[0]![0]).toBe('the student itself')
  })
})

describe('the distance of stages', () => {
  const window: LayerWindow = {
    from: [1, 2, 3],
    to: [1, 2, 3],
    layers: 4,
    values: { distance: Float32Array.from([1, 2, NaN, 3, 5, NaN, 8, 9, NaN, 0, 0, 0]) },
  }

  it('is that of the median layer; gaps stay gaps; what did not move says so', () => {
    const [s1, s2] = stageLines(run.layers, window)
    expect(s1!.values).toEqual([3, 5, null])
    expect(s2!.values).toEqual([0, 0, 0])
    expect(s2!.said).toBe('did not move')
    expect(s1!.said).toBeUndefined()
  })

  it('has a stop for each measured step with all stages', () => {
    const { spots, table } = stageFigure(window, context())
    expect(spots[0]!.map(({ name }) => name)).toEqual(['Step 1', 'Step 2', 'Step 3'])
    expect(spots[0]![1]!.facts).toEqual([
      ['s1', '5.0'],
      ['s2', '0'],
    ])
    expect(table.rows[0]).toEqual([1, 3, 0])
  })
})

describe('what pictures are made of', () => {
  it('adds histograms of one axis bin by bin', () => {
    const one = { perDecade: 8, from: -3, counts: [1, 2], zeros: 1 }
    const two = { perDecade: 8, from: 0, counts: [5], zeros: 2 }
    expect(addHistograms([one, two])).toEqual({ perDecade: 8, from: -3, counts: [1, 2, 0, 5], zeros: 3 })
    expect(addHistograms([{ perDecade: 8, from: 0, counts: [], zeros: 4 }])).toMatchObject({
      counts: [],
      zeros: 4,
    })
  })

  it('finds the median of a histogram within a bin of the true one', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 1e-6, max: 10, noNaN: true }), { minLength: 1, maxLength: 60 }),
        (values) => {
          const bin = (value: number) => Math.floor(Math.log10(value) * 8)
          const from = Math.min(...values.map(bin))
          const counts = new Array<number>(Math.max(...values.map(bin)) - from + 1).fill(0)
          for (const value of values) counts[bin(value) - from]!++
          const sorted = [...values].sort((a, b) => a - b)
          const found = Math.log10(medianOf({ perDecade: 8, from, counts, zeros: 0 }))
          const low = Math.log10(sorted[Math.floor((sorted.length - 1) / 2)]!)
          const high = Math.log10(sorted[Math.ceil((sorted.length - 1) / 2)]!)
          expect(found).toBeGreaterThanOrEqual(low - 1 / 8 - 1e-9)
          expect(found).toBeLessThanOrEqual(high + 1 / 8 + 1e-9)
        },
      ),
    )
  })

  // by hand: ranks 1 to 4 against 1, 2.5, 2.5, 4
  it('gives the rank correlation of Spearman, ties at their mean rank', () => {
    expect(
      rankCorrelation([
        [1, 1],
        [2, 5],
        [3, 9],
      ]),
    ).toBeCloseTo(1, 12)
    expect(
      rankCorrelation([
        [1, 9],
        [2, 5],
        [3, 1],
      ]),
    ).toBeCloseTo(-1, 12)
    expect(
      rankCorrelation([
        [1, 1],
        [2, 5],
        [3, 5],
        [4, 9],
      ]),
    ).toBeCloseTo(0.9486832980505138, 12)
    expect(
      rankCorrelation([
        [1, 2],
        [2, 2],
      ]),
    ).toBeUndefined()
  })

  it('names the rank of an evenly spaced one', () => {
    expect([0, 31, 63].map((i) => rankOf(i, 64, 192))).toEqual([1, 95, 192])
    expect(rankOf(0, 1, 1)).toBe(1)
  })

  it('has round ticks that span the values', () => {
    const linear = linearScale(0.43, 0.79, 100, 0)
    expect(linear.ticks.map(({ text }) => text)).toEqual(['0.4', '0.6', '0.8'])
    const log = logScale(3e-4, 0.2, 0, 400)
    expect(log.ticks.map(({ text }) => text)).toEqual(['0.0001', '0.001', '0.01', '0.1', '1'])
    expect([log.at(1e-4), log.at(1), log.at(1e-9)]).toEqual([0, 400, 0])
  })

  it('keeps labels apart and within, and moves only the crowded ones', () => {
    expect(apart([{ y: 10 }, { y: 98 }, { y: 99 }], 100).map(({ y }) => y)).toEqual([10, 87, 100])
  })

  it('breaks a line where nothing was measured', () => {
    const { spots } = lineFigure({
      lines: [{ name: 'a', colour: 'red', steps: [1, 2, 3], values: [1, null, 3] }],
      ...{ steps: 3, width: 400, height: 200, log: true },
    })
    expect(spots[0]!.map(({ facts }) => facts[0]![1])).toEqual(['1.0', '–', '3.0'])
  })

  it('shades shares from ice over a colour without hue to ember', () => {
    const bytes = (t: number) => share(t, 'dark').match(/\d+/g)!.map(Number) as [number, number, number]
    expect(bytes(0)[2]).toBeGreaterThan(bytes(0)[0] + 80)
    expect(bytes(1)[0]).toBeGreaterThan(bytes(1)[2] + 80)
    expect(Math.max(...bytes(0.5)) - Math.min(...bytes(0.5))).toBeLessThan(12)
  })
})

describe('reading a figure off', () => {
  const spot = (x: number, y: number): Spot => ({ x, y, width: 10, height: 10, name: `${x} ${y}`, facts: [] })
  const rows = [[spot(0, 0), spot(20, 0), spot(40, 0)], [], [spot(0, 20), spot(40, 20)]]

  it('finds what is nearest to the pointer', () => {
    expect(nearest(rows, 31, 3)).toEqual({ row: 0, column: 1 })
    expect(nearest(rows, 39, 14)).toEqual({ row: 0, column: 2 })
    expect(nearest(rows, 39, 17)).toEqual({ row: 2, column: 1 })
    expect(nearest([], 0, 0)).toBeUndefined()
  })

  it('walks by arrow keys: along a row, and straight up and down over empty rows', () => {
    expect(walk(rows, undefined, 'ArrowRight')).toEqual({ row: 0, column: 0 })
    expect(walk(rows, { row: 0, column: 2 }, 'ArrowDown')).toEqual({ row: 2, column: 1 })
    expect(walk(rows, { row: 2, column: 1 }, 'ArrowUp')).toEqual({ row: 0, column: 2 })
    expect(walk(rows, { row: 0, column: 2 }, 'ArrowRight')).toEqual({ row: 0, column: 2 })
    expect(walk(rows, { row: 0, column: 2 }, 'Home')).toEqual({ row: 0, column: 0 })
    expect(walk(rows, { row: 0, column: 0 }, 'x')).toBeUndefined()
  })

  it('reaches every place with the keys alone', () => {
    for (const [, name, data] of all)
      for (const { spots } of figuresOf(name, data)) {
        let at = walk(spots, undefined, 'Home')
        const seen = new Set<string>()
        for (let row = 0; row < spots.length; row++) {
          at = walk(spots, at, 'Home')
          for (let i = 0; i < spots[at!.row]!.length; i++) {
            seen.add(`${at!.row}/${at!.column}`)
            at = walk(spots, at, 'ArrowRight')
          }
          at = walk(spots, at, 'ArrowDown')
        }
        expect(seen.size).toBe(spots.flat().length)
      }
  })
})
