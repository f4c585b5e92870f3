import type { TopLevelSpec } from 'vega-lite'
import { cssColour } from '../colour'
import { LEFT, RIGHT } from '../axis'

export type CurveName = 'loss' | 'accuracy' | 'rate'

export const heights: Record<CurveName, number> = { loss: 74, accuracy: 64, rate: 28 }
const PAD = 7
export const LOG_TICKS = [-4, -3, -2, -1, 0, 1, 2, 3].flatMap((power) => [
  Number(`1e${power}`),
  Number(`3e${power}`),
])

/** Colours by part of the loss: ember is the task, ice is what holds. */
export const partColours = (element?: Element) =>
  ['--ember', '--ice', '--fg', '--dim'].map((name) => cssColour(name, element))

function base(width: number, steps: number, name: CurveName) {
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    autosize: { type: 'none' as const },
    padding: { left: LEFT, right: RIGHT, top: PAD, bottom: PAD },
    width: width - LEFT - RIGHT,
    height: heights[name],
    background: 'transparent',
    params: [
      { name: 'steps', value: steps },
      { name: 'start', value: 0 },
    ],
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

export const lossSpec = (width: number, steps: number, parts: string[]): TopLevelSpec => {
  const colour = {
    field: 'name',
    type: 'nominal' as const,
    scale: { domain: parts, range: parts.map((_, i) => partColours()[i % 4]!) },
    legend: null,
  }
  const y = (field: string) => ({
    field,
    type: 'quantitative' as const,
    scale: { type: 'log' as const, nice: false, domainMin: { expr: 'floor' } },
    axis: { values: LOG_TICKS, format: '~g', labelOverlap: true },
  })
  return {
    ...base(width, steps, 'loss'),
    params: [
      { name: 'steps', value: steps },
      { name: 'start', value: 0 },
      { name: 'floor', value: 0.01 },
    ],
    data: { name: 'points' },
    layer: [
      {
        mark: { type: 'line', clip: true, strokeWidth: 1, opacity: 0.4, invalid: 'break-paths-show-domains' },
        encoding: { x, y: y('value'), color: colour },
      },
      {
        mark: { type: 'line', clip: true, strokeWidth: 1.7, invalid: 'break-paths-show-domains' },
        encoding: { x, y: y('smooth'), color: colour },
      },
    ],
  } as TopLevelSpec
}

export const accuracySpec = (width: number, steps: number, chance: number): TopLevelSpec => {
  const y = {
    type: 'quantitative' as const,
    scale: { domain: [0, 1] },
    axis: { values: [0, 0.5, 1], format: '.1f' },
  }
  const fg = cssColour('--fg')
  return {
    ...base(width, steps, 'accuracy'),
    layer: [
      {
        data: { values: [{ chance }] },
        mark: { type: 'rule', color: cssColour('--dim'), strokeDash: [2, 3] },
        encoding: { y: { ...y, field: 'chance' } },
      },
      {
        data: { name: 'points' },
        mark: { type: 'line', clip: true, strokeWidth: 1, opacity: 0.55, color: cssColour('--dim') },
        encoding: { x, y: { ...y, field: 'value' } },
      },
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

export const rateSpec = (width: number, steps: number): TopLevelSpec =>
  ({
    ...base(width, steps, 'rate'),
    data: { name: 'points' },
    mark: { type: 'line', clip: true, color: cssColour('--fg'), strokeWidth: 1.5 },
    encoding: {
      x,
      y: {
        field: 'value',
        type: 'quantitative',
        scale: { domainMin: 0, nice: false },
        axis: {
          tickCount: 1,
          labelExpr: "datum.value === 0 ? '0' : replace(format(datum.value, '.0~e'), '-', '−')",
          labelOverlap: true,
        },
      },
    },
  }) as TopLevelSpec
