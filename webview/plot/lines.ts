import { nothing, svg } from 'lit'
import { apart } from '../curves/labels'
import { cut, number } from '../format'
import { ticks as stepTicks } from '../map/ticks'
import type { Figure, Spot } from './figure'
import { linearScale, logScale } from './scales'

/** One line of a figure; steps rise, a gap is null. */
export interface PlotLine {
  name: string
  /** A CSS colour. */
  colour: string
  dash?: string
  steps: readonly number[]
  values: readonly (number | null)[]
  /** In the place of its last value, at the right. */
  said?: string
}

const [LEFT, TOP, BOTTOM] = [52, 10, 34]

/** Steps that a read-out can stop at; more would be less than three pixels apart. */
const STOPS = 160

/** Lines of at most so many points show each of them. */
const DOTS = 48

/** Drawing and read-outs of lines over steps; on a logarithmic axis what is not above 0 has no place. */
export function lineFigure(options: {
  lines: readonly PlotLine[]
  steps: number
  width: number
  height: number
  log: boolean
  /** Ends of a linear axis; of the values when left out. */
  range?: [number, number]
  right?: number
  top?: number
  text?: (value: number) => string
}): Pick<Figure, 'width' | 'height' | 'drawing' | 'spots' | 'table'> {
  const { lines, steps, width, height, log, right = 120, top = TOP, text = number } = options
  const has = (value: number | null): value is number =>
    value !== null && Number.isFinite(value) && (!log || value > 0)
  const all = lines.flatMap(({ values }) => values.filter(has))
  const [low, high] = options.range ?? [
    all.reduce((a, b) => Math.min(a, b), Infinity),
    all.reduce((a, b) => Math.max(a, b), -Infinity),
  ]
  const [bottom, end] = [height - BOTTOM, width - right]
  const y = log
    ? logScale(all.length > 0 ? low : 0.1, all.length > 0 ? high : 1, bottom, top)
    : linearScale(Math.min(low, high), high, bottom, top)
  const x = (step: number) => LEFT + (step / Math.max(1, steps)) * (end - LEFT)
  const path = ({ steps: at, values }: PlotLine) => {
    let pen = 'M'
    return values.reduce<string>((drawn, value, i) => {
      if (!has(value)) {
        pen = 'M'
        return drawn
      }
      const next = `${drawn}${pen}${x(at[i]!).toFixed(1)} ${y.at(value).toFixed(1)}`
      pen = 'L'
      return next
    }, '')
  }
  const labels = apart(
    lines.map((line) => {
      const last = line.values.findLast(has)
      return { line, last, y: last === undefined || last === null ? bottom : y.at(last) }
    }),
    bottom,
    top - 6,
  )
  const drawing = svg`
    ${y.ticks.map(({ value, text: words }) => svg`<line class="grid" x1=${LEFT} x2=${end} y1=${y.at(value)} y2=${y.at(value)}></line><text class="tick" text-anchor="end" x=${LEFT - 8} y=${y.at(value) + 4}>${words}</text>`)}
    ${stepTicks(steps, end - LEFT).map((step) => svg`<text class="tick" text-anchor="middle" x=${x(step)} y=${bottom + 16}>${step.toLocaleString('en')}</text>`)}
    <text class="tick" text-anchor="end" x=${end} y=${bottom + 30}>step</text>
    ${lines.map((line) => svg`<path class="line" stroke=${line.colour} stroke-dasharray=${line.dash ?? nothing} d=${path(line)}></path>${line.steps.length <= DOTS ? line.values.map((value, i) => (has(value) ? svg`<circle fill=${line.colour} cx=${x(line.steps[i]!)} cy=${y.at(value)} r="2"></circle>` : nothing)) : nothing}`)}
    ${labels.map(({ line, last, y: at }) => svg`<text x=${end + 10} y=${at + 4}>${cut(line.name, 16)}<tspan class="tick" dx="6">${line.said ?? (last === undefined || last === null ? '–' : text(last))}</tspan></text>`)}`
  return {
    width,
    height,
    drawing: [drawing],
    spots: [stopsOf(lines, x, top, bottom, text)],
    table: tableOf(lines),
  }
}

/** A stop at each step of the longest line, with what all lines say there. */
function stopsOf(
  lines: readonly PlotLine[],
  x: (step: number) => number,
  top: number,
  bottom: number,
  text: (value: number) => string,
): Spot[] {
  const longest = lines.reduce<readonly number[]>(
    (best, { steps }) => (steps.length > best.length ? steps : best),
    [],
  )
  const every = Math.max(1, Math.ceil(longest.length / STOPS))
  const last = longest.length - 1
  return longest
    .filter((_, i) => (last - i) % every === 0)
    .map((step) => ({
      x: x(step) - 1,
      y: top,
      width: 2,
      height: bottom - top,
      name: `Step ${step.toLocaleString('en')}`,
      facts: lines.slice(0, 14).map(({ name, steps, values }): [string, string] => {
        const at = steps.findLastIndex((one) => one <= step)
        const value = at < 0 ? null : values[at]!
        return [cut(name, 24), value === null ? '–' : text(value)]
      }),
    }))
}

function tableOf(lines: readonly PlotLine[]): Figure['table'] {
  const all = [...new Set(lines.flatMap(({ steps }) => steps))].sort((a, b) => a - b)
  const maps = lines.map(({ steps, values }) => new Map(steps.map((step, i) => [step, values[i]])))
  return {
    columns: ['step', ...lines.map(({ name }) => name)],
    rows: all.map((step) => [step, ...maps.map((map) => map.get(step))]),
  }
}
