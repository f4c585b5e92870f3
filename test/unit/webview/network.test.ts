import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { NetworkTable } from '../../../src/events/artifacts'
import type { PanelRun } from '../../../src/extension/protocol'
import { edgesOf, stands } from '../../../webview/network/edges'
import { networkFigure } from '../../../webview/network/figure'
import { holdersOf, rowsOf } from '../../../webview/network/rows'

const layer = (name: string, inputs: number[], kind = 'conv2d') => {
  const [stage = '', block] = name.split('.')
  const more = { about: '', shape: [4, 4, 8], parameters: kind === 'add' ? 0 : 9, multiplyAdds: 1e6 }
  return { name, stage, block: block === undefined ? '' : `${stage}.${block}`, kind, inputs, ...more }
}

/** A stem, two residual blocks in one stage, a head. */
const residual: NetworkTable = {
  ...{ v: 1, step: 0, architecture: 'tiny' },
  layers: [
    layer('stem', []),
    layer('s1.0.conv', [0]),
    layer('s1.0.add', [1, 0], 'add'),
    layer('s1.1.conv', [2]),
    layer('s1.1.add', [3, 2], 'add'),
    layer('head', [4], 'dense'),
  ],
}

const none = () => false
const all = () => true

describe('lines of the graph of layers', () => {
  it('are stages, blocks and layers in the order of the network, folded as wanted', () => {
    const labels = (isOpen: (key: string) => boolean) =>
      rowsOf(residual, isOpen).map(({ level, label }) => `${'  '.repeat(level)}${label}`)
    expect(labels(none)).toEqual(['stem', 's1', 'head'])
    expect(labels((key) => key.startsWith('stage/'))).toEqual([
      'stem',
      's1',
      '  block 0',
      '  block 1',
      'head',
    ])
    expect(labels(all)).toEqual([
      ...['stem', 's1', '  block 0', '    conv', '    add', '  block 1', '    conv', '    add', 'head'],
    ])
  })

  it('stand for each layer once, whatever is open', () => {
    const keys = ['stage/s1', 'block/s1/s1.0', 'block/s1/s1.1']
    fc.assert(
      fc.property(fc.subarray(keys), (open) => {
        const rows = rowsOf(residual, (key) => open.includes(key))
        expect(rows.filter(stands).flatMap(({ layers }) => layers)).toEqual([0, 1, 2, 3, 4, 5])
      }),
    )
  })

  it('show a layer once the stage and the block that hold it are open', () => {
    const open = holdersOf(residual.layers[3]!)
    expect(rowsOf(residual, (key) => open.includes(key)).map(({ key }) => key)).toContain('layer/s1.1.conv')
  })
})

describe('edges of the graph of layers', () => {
  const told = (isOpen: (key: string) => boolean) => {
    const rows = rowsOf(residual, isOpen)
    return edgesOf(residual, rows)
      .map(({ from, to, lane }) => `${rows[from]!.label} > ${rows[to]!.label} ${lane}`)
      .sort()
  }

  it('go round the layers that a sum skips, and stay inside what is folded', () => {
    expect(told(none)).toEqual(['s1 > head 0', 'stem > s1 0'])
    // the skip of an open block begins at the folded one before it
    expect(told((key) => key !== 'block/s1/s1.0')).toEqual([
      ...['add > head 0', 'block 0 > add 1', 'block 0 > conv 0', 'conv > add 0', 'stem > block 0 0'],
    ])
  })

  it('of one lane never cross, in any network', () => {
    const network = fc
      .array(fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 1, maxLength: 3 }), {
        minLength: 2,
        maxLength: 40,
      })
      .map((wants): NetworkTable => ({
        ...residual,
        layers: wants.map((inputs, i) =>
          layer(`n${i}`, i === 0 ? [] : [...new Set(inputs.map((share) => Math.floor(share * i)))]),
        ),
      }))
    fc.assert(
      fc.property(network, (one) => {
        const edges = edgesOf(one, rowsOf(one, all))
        expect(edges).toHaveLength(one.layers.reduce((sum, { inputs }) => sum + inputs.length, 0))
        for (const a of edges)
          for (const b of edges) {
            if (a === b || a.lane !== b.lane) continue
            expect(a.to <= b.from || b.to <= a.from).toBe(true)
          }
      }),
    )
  })
})

describe('the figure of the graph', () => {
  const names = residual.layers.filter(({ kind }) => kind !== 'add').map(({ name }) => name)
  const run = {
    layers: [...names, 'policy.conv'].map((name) => ({ name })),
    phases: [
      {
        index: 0,
        name: 'a',
        from: 0,
        to: 10,
        declared: names.map((name) => ({ training: name === 'head' })),
      },
      {
        index: 1,
        name: 'b',
        from: 10,
        to: 20,
        declared: names.map((name) => ({ training: name !== 'stem' })),
      },
    ],
  } as unknown as PanelRun
  const context = (now: number, isOpen = none) => ({
    ...{ run, now, isOpen, width: 900, theme: 'dark' as const },
    marks: [
      { kind: 'alarm' as const, step: 3, text: 'it moved', short: '', layer: names.indexOf('s1.1.conv') },
    ],
    window: {
      ...{ from: [1], to: [9], layers: 5 },
      values: { distance: Float32Array.from([0, 0.1, 0.2, 0.3, NaN]) },
    },
  })
  const facts = (now: number, line: number) =>
    Object.fromEntries(networkFigure(residual, context(now)).spots[line]![0]!.facts)

  it('says of each line what is declared now, the alarm, and the greatest distance of its layers', () => {
    expect(facts(5, 1)).toMatchObject({ declared: 'frozen', alarm: 'it moved', 'distance from w0': '0.20' })
    expect(facts(15, 1)).toMatchObject({ declared: 'training', values: '18', output: '4×4×8' })
    expect(facts(15, 0)).toMatchObject({ declared: 'frozen', 'distance from w0': '0' })
    expect(facts(15, 2).reads).toBe('s1.1.add')
  })

  it('has a table of every layer, and names what is not in the graph', () => {
    const { table, notes } = networkFigure(residual, context(5))
    expect(table.rows).toHaveLength(residual.layers.length)
    for (const row of table.rows) expect(row).toHaveLength(table.columns.length)
    expect(table.rows[4]).toEqual(
      expect.arrayContaining(['s1.1.add', 's1', 's1.1', 'add', 's1.1.conv s1.0.add', '4×4×8']),
    )
    expect(notes![0]).toContain('1 layer that the strategy brings along is on the freeze map only')
  })
})
