import type { TopLevelSpec } from 'vega-lite'
import type { CurvesDisplay } from '../../src/extension/protocol'
import { cssColour } from '../colour'
import { isNoisy } from './smooth'
import { chartConfig, LOG_TICKS, partColours } from './specs'

export type Panel = CurvesDisplay['panels'][number]
type PanelLine = Panel['lines'][number]

/** Room for the labels of the value axis, the last values, and the step axis. */
export const ROOM = { left: 38, right: 48, top: 8, bottom: 22 }

/** Such a line is shown smoothed, the raw one faint behind it. */
export const isSmoothed = (line: PanelLine): boolean => !line.dots && isNoisy(line.values)

const all = (panel: Panel): number[] =>
  panel.lines
    .flatMap(({ values, low, high }) => [...values, ...(low ?? []), ...(high ?? [])])
    .filter((value): value is number => value !== null && (panel.scale === 'linear' || value > 0))

/** Shares are shown between 0 and 1 unless they are all tiny. */
const isShare = (values: readonly number[]): boolean =>
  values.length > 0 &&
  values.every((value) => value >= 0 && value <= 1) &&
  values.some((value) => value > 0.2)

/** One panel of lines over steps; fed with the data sets `points` and `marks`, bounds of the steps by signals. */
export function linesSpec(
  panel: Panel,
  size: { width: number; height: number },
  element: Element,
  runs = false,
): TopLevelSpec {
  const values = all(panel)
  const colours = runs
    ? ['--run-a', '--run-b', '--run-c', '--run-d'].map((one) => cssColour(one, element))
    : partColours(element)
  const names = panel.lines.map(({ name }) => name)
  const colour = {
    field: 'name',
    type: 'nominal' as const,
    scale: {
      domain: names,
      range: panel.lines.map((line, i) => (line.dots ? cssColour('--fg', element) : colours[i % 4]!)),
    },
    legend: null,
  }
  const axis = { labelColor: cssColour('--dim', element) }
  const scale =
    panel.scale === 'log'
      ? { type: 'log' as const, nice: false, domainMin: { expr: 'floor' }, domainMax: { expr: 'ceiling' } }
      : isShare(values)
        ? { domain: [0, 1] }
        : { zero: false, nice: true }
  const y = (field: string) => ({
    field,
    type: 'quantitative' as const,
    scale,
    axis:
      panel.scale === 'log'
        ? { ...axis, values: LOG_TICKS, format: '~g', labelOverlap: true }
        : isShare(values)
          ? { ...axis, values: [0, 0.5, 1], format: '~g' }
          : { ...axis, tickCount: 4, format: '~g' },
  })
  const x = {
    field: 'step',
    type: 'quantitative' as const,
    scale: { domainMin: { expr: 'start' }, domainMax: { expr: 'steps' }, nice: false },
    axis: { ...axis, grid: false, tickCount: 4, tickMinStep: 1, format: ',d', labelFlush: false },
  }
  const mark = (rest: object) => ({ clip: true, invalid: 'break-paths-show-domains', ...rest })
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    autosize: { type: 'none' },
    padding: ROOM,
    width: size.width - ROOM.left - ROOM.right,
    height: size.height - ROOM.top - ROOM.bottom,
    background: 'transparent',
    params: [
      { name: 'steps', value: 1 },
      { name: 'start', value: 0 },
      { name: 'floor', value: 0.01 },
      { name: 'ceiling', value: 10 },
    ],
    config: chartConfig(element),
    layer: [
      {
        data: { name: 'marks' },
        mark: { type: 'rule', clip: true, color: cssColour('--dim', element), strokeDash: [2, 2] },
        encoding: { x },
      },
      {
        data: { name: 'points' },
        mark: mark({ type: 'line', strokeWidth: 1, opacity: 0.45 }),
        encoding: { x, y: y('raw'), color: colour },
      },
      {
        data: { name: 'points' },
        mark: mark({ type: 'line', strokeWidth: 1.8 }),
        encoding: { x, y: y('value'), color: colour },
      },
      {
        data: { name: 'points' },
        transform: [{ filter: 'datum.low !== null' }],
        mark: { type: 'rule', clip: true },
        encoding: { x, y: y('low'), y2: { field: 'high' }, color: colour },
      },
      {
        data: { name: 'points' },
        transform: [{ filter: 'datum.dot' }],
        mark: {
          type: 'point',
          clip: true,
          size: 28,
          opacity: 1,
          strokeWidth: 1.5,
          fill: cssColour('--bg', element),
        },
        encoding: { x, y: y('value'), stroke: colour },
      },
    ],
  } as TopLevelSpec
}

/** Ends of a logarithmic axis, each at 1 or 3 times a power of ten; at most a factor of 1,000 is shown. */
export function endsOf(panel: Panel): { floor: number; ceiling: number } | undefined {
  const values = all(panel)
  if (panel.scale !== 'log' || values.length === 0) return undefined
  const highest = values.reduce((a, b) => Math.max(a, b))
  const lowest = Math.max(
    highest / 1000,
    values.reduce((a, b) => Math.min(a, b)),
  )
  const floor = LOG_TICKS.findLast((tick) => tick <= lowest) ?? lowest
  const ceiling = LOG_TICKS.find((tick) => tick >= highest && tick > floor) ?? highest
  return { floor, ceiling }
}
