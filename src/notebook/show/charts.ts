import type { TopLevelSpec } from 'vega-lite'
import {
  DISPLAY_MIME,
  type ComparisonDisplay,
  type CurvesDisplay,
  type FreezeMapDisplay,
  type StepOutput,
} from '../displays'
import type { OutputItems } from '../protocol'

const WIDTH = 520
/** Pixels of a row of a map. */
const ROW = 18

const CONFIG = {
  background: 'white',
  font: 'Helvetica, Arial, sans-serif',
  axis: {
    gridColor: '#e8e8e8',
    domainColor: '#888',
    tickColor: '#888',
    labelColor: '#333',
    titleColor: '#333',
    titleFontWeight: 'normal',
  },
  title: { anchor: 'start', frame: 'group', fontSize: 12, fontWeight: 'normal' },
  view: { stroke: null },
} as const

type Part = Record<string, unknown>
type Marks = CurvesDisplay['marks']
type MapRow = FreezeMapDisplay['rows'][number]

/** What an output of curves, a freeze map, steps or a comparison looks like, as one Vega-Lite specification on white. */
export function chartOf(items: OutputItems): { title: string; spec: TopLevelSpec } | undefined {
  const curves = items[DISPLAY_MIME.curves] as CurvesDisplay | undefined
  if (curves)
    return whole(
      `Curves of ${curves.title}`,
      curves.panels.map((panel, i) => lines(panel, curves.marks, i === 0)),
    )
  const map = items[DISPLAY_MIME.freezeMap] as FreezeMapDisplay | undefined
  if (map)
    return whole(
      `Freeze map of ${map.title}`,
      map.steps.length > 0
        ? [freezeMap({ steps: map.steps, rows: map.rows, marks: map.marks, after: map.shared?.until })]
        : [],
    )
  const steps = items[DISPLAY_MIME.steps] as StepOutput | undefined
  if (steps)
    return whole(`${steps.name}: step ${steps.done} of ${steps.planned}, ${steps.strategy}`, stepped(steps))
  const compared = items[DISPLAY_MIME.comparison] as ComparisonDisplay | undefined
  return compared && whole(`${compared.a.name} and ${compared.b.name}`, comparison(compared))
}

function whole(title: string, parts: Part[]): { title: string; spec: TopLevelSpec } | undefined {
  if (parts.length === 0) return undefined
  const spec = {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    config: CONFIG,
    padding: 10,
    title: { text: title, fontSize: 13, fontWeight: 'bold', frame: 'bounds' },
    vconcat: parts,
    resolve: { scale: { color: 'independent' } },
  }
  return { title, spec: spec as unknown as TopLevelSpec }
}

const stepAxis = {
  type: 'quantitative',
  title: 'step',
  axis: { tickMinStep: 1, format: 'd', grid: false },
} as const

/** Where something was done by hand, `after` so much of the step: a dashed line, with its words above the first panel. */
function marked(marks: Marks, after: number, words: boolean): Part[] {
  if (marks.length === 0) return []
  const text = { mark: { type: 'text', align: 'left', dx: 4, y: -5, fontSize: 10 } }
  return [
    {
      data: { values: marks.map(({ step, text }) => ({ step: step + after, text })) },
      encoding: { x: { field: 'step', ...stepAxis } },
      layer: [
        { mark: { type: 'rule', strokeDash: [4, 3], color: '#555' } },
        ...(words ? [{ ...text, encoding: { text: { field: 'text' } } }] : []),
      ],
    },
  ]
}

function lines(
  { title, more, scale, lines: all }: CurvesDisplay['panels'][number],
  marks: Marks,
  words: boolean,
): Part {
  const values = all.flatMap(({ name, steps, values: ys, low, high, dots }) =>
    steps.map((step, i) => ({
      name,
      step,
      value: ys[i],
      low: low?.[i],
      high: high?.[i],
      dots: dots === true,
    })),
  )
  const x = { field: 'step', ...stepAxis }
  const y = {
    type: 'quantitative',
    title: null,
    scale: { type: scale, zero: false, nice: true },
    axis: { tickCount: 4 },
  }
  const names = all.map(({ name }) => name)
  const color = {
    field: 'name',
    type: 'nominal',
    title: null,
    scale: { domain: names },
    legend: names.length === 1 ? null : { symbolType: 'stroke', symbolStrokeWidth: 2, symbolOpacity: 1 },
  }
  const bounded = values.filter(({ low, high }) => typeof low === 'number' && typeof high === 'number')
  const dotted = values.filter(({ dots }) => dots)
  return {
    title: more ? `${title} (${more})` : title,
    width: WIDTH,
    height: 120,
    layer: [
      ...only(bounded, {
        mark: { type: 'rule', strokeWidth: 2, opacity: 0.5 },
        encoding: { x, y: { ...y, field: 'low' }, y2: { field: 'high' }, color },
      }),
      ...only(values, {
        mark: { type: 'line', strokeWidth: 1.5 },
        encoding: { x, y: { ...y, field: 'value' }, color },
      }),
      ...only(dotted, {
        mark: { type: 'point', filled: true, size: 36 },
        encoding: { x, y: { ...y, field: 'value' }, color },
      }),
      ...marked(marks, 0.5, words),
    ],
  }
}

/** A layer, where it has something to draw. */
const only = (values: readonly object[], layer: Part): Part[] =>
  values.length > 0 ? [{ data: { values }, ...layer }] : []

interface MapPart {
  steps: readonly number[]
  rows: readonly MapRow[]
  marks: Marks
  title?: string
  /** Steps up to this one are another session's and are left out. */
  after?: number
  /** Smallest and largest update ratio of the colours; default: the rows' own. */
  domain?: readonly [number, number]
}

/** Smallest and largest positive update ratio; undefined where nothing moved. */
function rangeOf(rows: readonly MapRow[]): readonly [number, number] | undefined {
  const values = rows.flatMap(({ update }) =>
    update.filter((value) => value !== null && value > 0),
  ) as number[]
  return values.length > 0 ? [Math.min(...values), Math.max(...values)] : undefined
}

/** Rows by steps: blue by how far a step moves them, grey where frozen, red where frozen and yet moved. */
function freezeMap({ steps, rows, marks, title, after = 0, domain = rangeOf(rows) }: MapPart): Part {
  const cells = rows.flatMap(({ name, update, training, moved }) =>
    steps.map((step, i) => ({
      name,
      from: i === 0 ? step - 1 : steps[i - 1]!,
      to: step,
      update: update[i] ?? 0,
      state: training[i] ? 'trains' : moved[i] ? 'frozen, yet moved' : 'frozen',
    })),
  )
  const drawn = cells.filter(({ to }) => to > after)
  const place = {
    x: {
      field: 'from',
      ...stepAxis,
      scale: { nice: false, domain: [Math.min(0, ...steps), Math.max(1, ...steps)] },
    },
    x2: { field: 'to' },
    y: {
      field: 'name',
      type: 'nominal',
      sort: null,
      scale: { domain: rows.map(({ name }) => name) },
      title: null,
    },
  }
  const mark = { type: 'rect', height: { band: 0.9 } }
  const still = drawn.filter(({ state }) => state !== 'trains')
  const states = ['frozen', 'frozen, yet moved'].filter((state) => still.some((one) => one.state === state))
  const range = states.map((state) => (state === 'frozen' ? '#d4d4d4' : '#c62828'))
  const color = { field: 'state', type: 'nominal', title: null, scale: { domain: states, range } }
  const moving = drawn.filter(({ state, update }) => state === 'trains' && update > 0)
  const ratio = {
    field: 'update',
    type: 'quantitative',
    title: '‖Δw‖ / ‖w‖',
    scale: { type: 'log', scheme: 'blues', ...(domain && { domain: [...domain] }) },
    legend: { format: '.0e', tickCount: 3, gradientLength: 70 },
  }
  return {
    ...(title !== undefined && { title }),
    width: WIDTH,
    height: { step: ROW },
    resolve: { scale: { color: 'independent' } },
    layer: [
      ...only(still, { mark, encoding: { ...place, color } }),
      ...only(moving, { mark, encoding: { ...place, color: ratio } }),
      ...marked(marks, 0, true),
    ],
  }
}

function stepped({ steps, loss, stages }: StepOutput): Part[] {
  if (steps.length === 0) return []
  const rows = stages.map(({ name, training, trained, update, moved }): MapRow => ({
    name,
    stage: name,
    update,
    training: trained ?? steps.map(() => training),
    moved,
  }))
  const line = { name: 'loss', steps, values: loss, ...(steps.length === 1 && { dots: true }) }
  const panel = { title: 'Loss', more: 'training batch', scale: 'linear' as const, lines: [line] }
  return [lines(panel, [], false), freezeMap({ steps, rows, marks: [] })]
}

function comparison({ a, b }: ComparisonDisplay): Part[] {
  const both = [a, b].map(({ name, loss }) => ({ name, ...loss }))
  const domain = rangeOf([...a.map.rows, ...b.map.rows])
  return [
    lines({ title: 'Loss', more: 'training batch', scale: 'linear', lines: both }, [], false),
    ...[a, b]
      .filter(({ map }) => map.steps.length > 0)
      .map(({ name, what, map: { steps, rows, marks, shared } }) => {
        const from = shared ? `; to step ${shared.until} the steps are those of ${shared.with}` : ''
        return freezeMap({
          steps,
          rows,
          marks,
          domain,
          after: shared?.until,
          title: `${name}: ${what}${from}`,
        })
      }),
  ]
}
