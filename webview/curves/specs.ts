import type { TopLevelSpec } from 'vega-lite'
import { cssColour } from '../colour'
import { LEFT, RIGHT } from '../axis'

export type CurveName = 'loss' | 'accuracy' | 'rate' | 'time'

export const heights: Record<CurveName, number> = { loss: 74, accuracy: 64, rate: 28, time: 28 }
export const curveNames = Object.keys(heights) as CurveName[]
export const PAD = 7
export const LOG_TICKS = [-4, -3, -2, -1, 0, 1, 2, 3].flatMap((power) => [
  Number(`1e${power}`),
  Number(`3e${power}`),
])

/** What a chart is made for; whatever else changes is a signal or data. */
export interface Design {
  width: number
  steps: number
  parts: readonly string[]
  /** Keys of other runs that are laid over. */
  others: readonly string[]
  log: boolean
  chance: number
}

/** Colours by part of the loss: ember is the task, ice is what holds. */
export const partColours = (element?: Element) =>
  ['--ember', '--ice', '--fg', '--dim'].map((name) => cssColour(name, element))

/** Four colours of runs, then the same with dashes. */
const RUNS = ['a', 'b', 'c', 'd'].map((letter) => `--run-${letter}`)
const DASHES = [
  [1, 0],
  [5, 3],
  [1, 2],
  [7, 2, 1, 2],
]
export const runColour = (i: number): string => `var(${RUNS[i % RUNS.length]!})`
export const runDash = (i: number): number[] => DASHES[Math.floor(i / RUNS.length) % DASHES.length]!

function base({ width, steps }: Design, name: CurveName, signals: Record<string, number> = {}) {
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    autosize: { type: 'none' as const },
    padding: { left: LEFT, right: RIGHT, top: PAD, bottom: PAD },
    width: width - LEFT - RIGHT,
    height: heights[name],
    background: 'transparent',
    params: Object.entries({ steps, start: 0, ...signals }).map(([key, value]) => ({ name: key, value })),
    config: chartConfig(),
  }
}

/** What all charts look like, in the colours that an element has. */
export const chartConfig = (element?: Element) => ({
  view: { stroke: null },
  font: cssColour('--ui', element),
  axis: {
    labelColor: cssColour('--dim', element),
    labelFontSize: 11,
    gridColor: cssColour('--grid', element),
    gridOpacity: 0.6,
    domain: false,
    ticks: false,
    labelPadding: 6,
    title: null,
  },
})

const x = {
  field: 'step',
  type: 'quantitative' as const,
  scale: { domainMin: { expr: 'start' }, domainMax: { expr: 'steps' }, nice: false },
  axis: null,
}

/** Lines of other runs, below this run's own. */
const otherLines = ({ others }: Design, y: object) =>
  others.length === 0
    ? []
    : [
        {
          data: { name: 'others' },
          mark: { type: 'line', clip: true, strokeWidth: 1.3, invalid: 'break-paths-show-domains' },
          encoding: {
            x,
            y,
            stroke: {
              field: 'name',
              type: 'nominal',
              scale: { domain: others, range: others.map((_, i) => cssColour(RUNS[i % RUNS.length]!)) },
              legend: null,
            },
            strokeDash: {
              field: 'name',
              type: 'nominal',
              scale: { domain: others, range: others.map((_, i) => runDash(i)) },
              legend: null,
            },
          },
        },
      ]

const lossSpec = (design: Design): TopLevelSpec => {
  const { parts, log } = design
  const colour = {
    field: 'name',
    type: 'nominal' as const,
    scale: { domain: parts, range: parts.map((_, i) => partColours()[i % 4]!) },
    legend: null,
  }
  const y = (field: string) => ({
    field,
    type: 'quantitative' as const,
    scale: {
      ...(log ? { type: 'log' as const } : { zero: false }),
      nice: false,
      domainMin: { expr: 'floor' },
      domainMax: { expr: 'ceiling' },
    },
    axis: log
      ? { values: LOG_TICKS, format: '~g', labelOverlap: true }
      : { tickCount: 4, format: '~g', labelOverlap: true },
  })
  return {
    ...base(design, 'loss', { floor: 0.01, ceiling: 1 }),
    layer: [
      ...otherLines(design, y('value')),
      {
        data: { name: 'points' },
        mark: { type: 'line', clip: true, strokeWidth: 1, opacity: 0.4, invalid: 'break-paths-show-domains' },
        encoding: { x, y: y('value'), color: colour },
      },
      {
        data: { name: 'points' },
        mark: { type: 'line', clip: true, strokeWidth: 1.7, invalid: 'break-paths-show-domains' },
        encoding: { x, y: y('smooth'), color: colour },
      },
    ],
  } as TopLevelSpec
}

const accuracySpec = (design: Design): TopLevelSpec => {
  const y = {
    type: 'quantitative' as const,
    scale: { domainMin: { expr: 'floor' }, domainMax: { expr: 'ceiling' }, zero: false, nice: false },
    axis: { tickCount: 3, format: '~g', labelOverlap: true },
  }
  const fg = cssColour('--fg')
  return {
    ...base(design, 'accuracy', { floor: 0, ceiling: 1 }),
    layer: [
      {
        data: { values: [{ chance: design.chance }] },
        mark: { type: 'rule', clip: true, color: cssColour('--dim'), strokeDash: [2, 3] },
        encoding: { y: { ...y, field: 'chance' } },
      },
      {
        data: { name: 'points' },
        mark: { type: 'line', clip: true, strokeWidth: 1, opacity: 0.55, color: cssColour('--dim') },
        encoding: { x, y: { ...y, field: 'smooth' } },
      },
      ...otherLines(design, { ...y, field: 'value' }),
      {
        data: { name: 'evals' },
        mark: { type: 'rule', clip: true, color: fg },
        encoding: { x, y: { ...y, field: 'low' }, y2: { field: 'high' } },
      },
      {
        data: { name: 'evals' },
        mark: { type: 'line', clip: true, color: fg, strokeWidth: 1.5 },
        encoding: { x, y: { ...y, field: 'value' } },
      },
      {
        data: { name: 'evals' },
        mark: {
          type: 'point',
          clip: true,
          size: 26,
          fill: cssColour('--bg'),
          stroke: fg,
          opacity: 1,
          strokeWidth: 1.5,
        },
        encoding: { x, y: { ...y, field: 'value' } },
      },
    ],
  } as TopLevelSpec
}

/** A small line from 0 up. */
const smallSpec = (design: Design, name: 'rate' | 'time', label: string): TopLevelSpec => {
  const y = {
    field: 'value',
    type: 'quantitative' as const,
    scale: { domainMin: 0, nice: false },
    axis: { tickCount: 1, labelExpr: `datum.value === 0 ? '0' : ${label}`, labelOverlap: true },
  }
  return {
    ...base(design, name),
    layer: [
      ...otherLines(design, y),
      {
        data: { name: 'points' },
        mark: { type: 'line', clip: true, color: cssColour('--fg'), strokeWidth: 1.3 },
        encoding: { x, y },
      },
    ],
  } as TopLevelSpec
}

export const specOf: Record<CurveName, (design: Design) => TopLevelSpec> = {
  loss: lossSpec,
  accuracy: accuracySpec,
  rate: (design) => smallSpec(design, 'rate', "replace(format(datum.value, '.0~e'), '-', '−')"),
  time: (design) =>
    smallSpec(
      design,
      'time',
      "datum.value >= 1000 ? format(datum.value / 1000, '~g') + ' s' : format(datum.value, '~g')",
    ),
}
