import { nothing, svg } from 'lit'
import type { NetworkLayer, NetworkTable } from '../../src/events/artifacts'
import type { LayerWindow, Mark, PanelRun } from '../../src/extension/protocol'
import { ember, type Theme } from '../colour'
import { count, cut, number } from '../format'
import { barLength, shade } from '../map/measures'
import { greatest, phaseAt, trainsAt } from '../map/truth'
import type { Figure, Spot } from '../plot/figure'
import { edgesOf, stands, type Edge } from './edges'
import { rowsOf, type NetworkRow } from './rows'

export const ROW = 20
const HEAD = 24
const LANE = 9

/** Further lanes lie over the last one. */
const LANES = 12

const INDENT = 14

export interface NetworkContext {
  run: PanelRun
  marks: readonly Mark[]
  /** Steps done. */
  now: number
  /** Distances as last measured. */
  window?: LayerWindow
  width: number
  theme: Theme
  isOpen(key: string): boolean
  /** Key of the line whose layer is open beside the graph. */
  chosen?: string
}

/** What a line says. */
interface Facts {
  operation: string
  shape: string
  parameters: number
  multiplyAdds: number
  /** Layers of the layer table, which are those with parameters. */
  known: number[]
  training: number
  declared: string
  alarm?: string
  distance: number
}

/** The network from its input down: what is joined to what, what each layer does and costs, and how it stands. */
export function networkFigure(network: NetworkTable, context: NetworkContext): Figure {
  const { width, run } = context
  const rows = rowsOf(network, context.isOpen)
  const edges = edgesOf(network, rows)
  const lanes = Math.min(LANES, Math.max(0, ...edges.map(({ lane }) => lane)))
  const index = new Map(run.layers.map(({ name }, i) => [name, i]))
  const facts = rows.map((row) => factsOf(network, row, index, context))
  const columns = columnsOf(width, 16 + lanes * LANE)
  const middle = (row: number) => HEAD + row * ROW + ROW / 2
  const residual = network.layers.filter(({ kind, inputs }) => kind === 'add' && inputs.length > 1).length
  const sum = (value: (layer: NetworkLayer) => number) =>
    network.layers.reduce((all, one) => all + value(one), 0)
  const owned = run.layers.filter(({ name }) => !network.layers.some((one) => one.name === name)).length
  return {
    name: 'network',
    title: 'Network',
    about: `${network.architecture}, ${count(network.layers.length, 'layer')}, ${count(residual, 'residual sum')}`,
    question:
      'What is joined to what, and how does each layer stand? Arcs go round the layers that they skip.',
    keys: 'Enter opens a layer, and opens or folds a stage or block; so do left and right.',
    width,
    height: HEAD + rows.length * ROW + 4,
    drawing: [
      headings(columns),
      svg`${edges.map((edge) => arc(edge, columns.spine, middle))}`,
      ...rows.map((row, i) => line(row, facts[i]!, columns, middle(i), context)),
    ],
    spots: rows.map((row, i) => [spotOf(row, facts[i]!, network, i, columns, width)]),
    legend: [
      { kind: 'dot', colour: 'var(--ember)', words: 'declared training' },
      { kind: 'dot', colour: 'var(--ice)', words: 'declared frozen' },
      { kind: 'ring', colour: 'var(--dim)', words: 'no weights' },
      { kind: 'line', colour: 'var(--dim)', words: 'what flows from layer to layer' },
    ],
    notes: [
      `${number(sum(({ multiplyAdds }) => multiplyAdds) / 1e6)} million multiply-adds an image, ${sum(({ parameters }) => parameters).toLocaleString('en')} values.${owned > 0 ? ` ${count(owned, 'layer')} that the strategy brings along ${owned === 1 ? 'is' : 'are'} on the freeze map only.` : ''}`,
    ],
    table: tableOf(network, index, context),
  }
}

function columnsOf(width: number, spine: number) {
  const label = spine + 14
  // names take what the other columns leave
  const operation = Math.max(label + 150, Math.min(label + 320, width - 560))
  return {
    spine,
    label,
    operation,
    shape: operation + 150,
    parameters: operation + 308,
    cost: operation + 380,
    declared: operation + 396,
    distance: operation + 488,
  }
}
type Columns = ReturnType<typeof columnsOf>

const headings = (x: Columns) =>
  svg`${(
    [
      ['layer', x.label, 'start'],
      ['operation', x.operation, 'start'],
      ['output', x.shape, 'start'],
      ['values', x.parameters, 'end'],
      ['M mult-adds', x.cost, 'end'],
      ['declared', x.declared, 'start'],
      ['from w0', x.distance, 'start'],
    ] as const
  ).map(
    ([words, at, anchor]) => svg`<text class="tick" text-anchor=${anchor} x=${at} y="14">${words}</text>`,
  )}`

/** A straight piece to the next line, or an arc round the lines between. */
function arc({ from, to, lane }: Edge, spine: number, middle: (row: number) => number) {
  const [a, b] = [middle(from), middle(to)]
  const out = spine - 4 - Math.min(LANES, lane) * LANE
  const bend = Math.min(ROW * 0.7, (b - a) / 2)
  const path =
    lane === 0
      ? `M${spine} ${a}V${b}`
      : `M${spine} ${a}C${out} ${a} ${out} ${a + 2} ${out} ${a + bend}V${b - bend}C${out} ${b - 2} ${out} ${b} ${spine} ${b}`
  return svg`<path class="edge" data-spots="r${from} r${to}" d=${path}></path>`
}

function line(row: NetworkRow, facts: Facts, x: Columns, y: number, { theme, chosen }: NetworkContext) {
  const { operation, shape, parameters, multiplyAdds, known, training, declared, alarm, distance } = facts
  const left = x.label + row.level * INDENT
  const group = row.open !== undefined
  const state = known.length === 0 ? 'none' : training > 0 ? 'ember' : 'ice'
  const room = Math.floor((x.operation - left - (group ? 14 : 0) - 8) / (group ? 6.4 : 6.8))
  const at = y + 4
  return svg`
    ${chosen === row.key ? svg`<rect class="chosen" x="0" y=${y - ROW / 2} width=${x.distance + 120} height=${ROW}></rect>` : nothing}
    ${stands(row) ? svg`<circle class="node ${state}" cx=${x.spine} cy=${y} r=${group ? 5 : 3.5}></circle>` : nothing}
    ${group ? svg`<path class="fold" d=${row.open ? `M${left} ${y - 2}h8l-4 5z` : `M${left + 2} ${y - 4}v8l5 -4z`}></path>` : nothing}
    <text class=${group ? 'strong' : 'name'} x=${left + (group ? 14 : 0)} y=${at}>${cut(row.label, room)}</text>
    <text class="tick" x=${x.operation} y=${at}>${cut(operation, 24)}</text>
    <text x=${x.shape} y=${at}>${shape}</text>
    ${parameters > 0 ? svg`<text text-anchor="end" x=${x.parameters} y=${at}>${parameters.toLocaleString('en')}</text>` : nothing}
    ${multiplyAdds > 0 ? svg`<text text-anchor="end" x=${x.cost} y=${at}>${(multiplyAdds / 1e6).toFixed(2)}</text>` : nothing}
    <text class=${alarm ? 'alarm' : state} x=${x.declared} y=${at}>${alarm ? '▲ moved' : declared}</text>
    ${
      distance > 0
        ? svg`<rect x=${x.distance} y=${y - 4} width=${barLength(distance) * 56} height="8" fill=${alarm ? 'var(--err)' : ember(shade(distance, 'distance'), theme)}></rect><text class="tick" x=${x.distance + 62} y=${at}>${number(distance)}</text>`
        : known.length > 0
          ? svg`<text class="tick" x=${x.distance} y=${at}>${Number.isNaN(distance) ? '–' : 'did not move'}</text>`
          : nothing
    }`
}

function factsOf(
  network: NetworkTable,
  row: NetworkRow,
  index: ReadonlyMap<string, number>,
  { run, marks, now, window }: NetworkContext,
): Facts {
  const layers = row.layers.map((i) => network.layers[i]!)
  const known = layers.flatMap(({ name }) => index.get(name) ?? [])
  const trains = known.filter((layer) => trainsAt(run.phases, [layer], Math.max(1, now))).length
  const sum = (value: (layer: NetworkLayer) => number) => layers.reduce((all, one) => all + value(one), 0)
  const alarm = marks.find(
    ({ kind, layer }) => kind === 'alarm' && layer !== undefined && known.includes(layer),
  )
  const adds = layers.filter(({ kind, inputs }) => kind === 'add' && inputs.length > 1).length
  return {
    operation:
      row.open === undefined
        ? [words(layers[0]!.kind), layers[0]!.about].filter(Boolean).join(' ')
        : [count(layers.length, 'layer'), adds > 0 && (adds === 1 ? 'residual' : `${adds} residual`)]
            .filter(Boolean)
            .join(', '),
    shape: layers.at(-1)!.shape.join('×'),
    parameters: sum(({ parameters }) => parameters),
    multiplyAdds: sum(({ multiplyAdds }) => multiplyAdds),
    known,
    training: trains,
    declared:
      known.length === 0
        ? ''
        : trains === 0
          ? 'frozen'
          : trains === known.length
            ? 'training'
            : `${trains} of ${known.length} train`,
    ...(alarm && { alarm: alarm.text }),
    distance:
      window && window.to.length > 0 ? greatest(window, 'distance', known, window.to.length - 1) : NaN,
  }
}

/** `depthwiseConv2d` as people write it. */
function words(kind: string): string {
  const told: Record<string, string> = {
    conv2d: 'conv',
    depthwiseConv2d: 'depthwise conv',
    batchNorm: 'batch norm',
    maxPool: 'max pool',
    avgPool: 'average pool',
    globalAveragePool: 'global average',
    activation: '',
  }
  return told[kind] ?? kind.replace(/[A-Z]/g, (c) => ` ${c.toLowerCase()}`)
}

function spotOf(
  row: NetworkRow,
  facts: Facts,
  network: NetworkTable,
  i: number,
  x: Columns,
  width: number,
): Spot {
  const inputs = row.open === undefined ? network.layers[row.layers[0]!]!.inputs : []
  return {
    ...{
      x: x.spine - 8,
      y: HEAD + i * ROW + 1,
      width: Math.min(width, x.distance + 120) - x.spine + 8,
      height: ROW - 2,
    },
    ...{ act: row.key, mark: `r${i}`, quiet: true },
    name:
      row.open === undefined
        ? network.layers[row.layers[0]!]!.name
        : `${row.label}, ${row.open ? 'open' : 'folded'}`,
    facts: (
      [
        ['', facts.operation],
        ['reads', inputs.map((input) => network.layers[input]!.name).join(' and ')],
        ['output', facts.shape],
        ['values', facts.parameters > 0 ? facts.parameters.toLocaleString('en') : ''],
        ['declared', facts.declared],
        ['alarm', facts.alarm ?? ''],
        ['distance from w0', facts.known.length > 0 ? number(facts.distance) : ''],
      ] as const
    ).filter(([, value]) => value !== ''),
  }
}

/** Every layer, whatever is folded. */
function tableOf(
  network: NetworkTable,
  index: ReadonlyMap<string, number>,
  { run, now, window }: NetworkContext,
): Figure['table'] {
  return {
    columns: [
      ...['layer', 'stage', 'block', 'operation', 'reads', 'output', 'values', 'multiply-adds'],
      ...['declared', 'batch norm', 'distance from w0'],
    ],
    rows: network.layers.map((layer) => {
      const known = index.get(layer.name)
      const declared =
        known === undefined ? undefined : phaseAt(run.phases, Math.max(1, now))?.declared[known]
      const last = (window?.to.length ?? 0) - 1
      const distance = known === undefined || last < 0 ? NaN : greatest(window!, 'distance', [known], last)
      return [
        ...[layer.name, layer.stage, layer.block],
        [words(layer.kind), layer.about].filter(Boolean).join(' '),
        layer.inputs.map((input) => network.layers[input]!.name).join(' '),
        layer.shape.join('×'),
        ...[layer.parameters, layer.multiplyAdds],
        declared && (declared.training ? 'training' : 'frozen'),
        declared?.batchNorm,
        Number.isNaN(distance) ? undefined : distance,
      ]
    }),
  }
}
