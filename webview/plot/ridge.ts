import { nothing, svg } from 'lit'
import type { LogHistogram } from '../../src/events/pictures/l2-sp'
import { count, cutStart, number, percent } from '../format'
import { hatchPattern } from './hatch'
import type { Figure, Spot } from './figure'
import { logScale } from './scales'

/** Counts of values on a logarithmic axis, one row. */
export interface RidgeRow {
  label: string
  histogram: LogHistogram
  /** Values in all, those that are 0 among them. */
  total: number
  median?: number
  /** At the right. */
  said: string
  colour: string
  /** Hatched: all of it is where it began. */
  still?: boolean
  /** The same of another run, drawn as a dashed outline. */
  other?: LogHistogram
}

const [TOP, BOTTOM, RIGHT] = [20, 40, 84]

const edge = ({ perDecade, from }: LogHistogram, bin: number): number => 10 ** ((from + bin) / perDecade)

/** Sum of histograms of the same axis. */
export function addHistograms(all: readonly LogHistogram[]): LogHistogram {
  const filled = all.filter(({ counts }) => counts.length > 0)
  const zeros = all.reduce((sum, one) => sum + one.zeros, 0)
  const perDecade = all[0]?.perDecade ?? 8
  if (filled.length === 0) return { perDecade, from: 0, counts: [], zeros }
  const from = Math.min(...filled.map((one) => one.from))
  const to = Math.max(...filled.map((one) => one.from + one.counts.length))
  const counts = new Array<number>(to - from).fill(0)
  for (const one of filled) one.counts.forEach((n, i) => (counts[one.from - from + i]! += n))
  return { perDecade, from, counts, zeros }
}

/** Middle value, zeros among them; inside a bin the values are taken to lie evenly on the logarithmic axis. */
export function medianOf(histogram: LogHistogram): number {
  const { counts, zeros, perDecade, from } = histogram
  const total = counts.reduce((a, b) => a + b, zeros)
  let left = total / 2 - zeros
  if (total === 0 || left <= 0) return 0
  for (const [i, n] of counts.entries()) {
    if (left <= n) return 10 ** ((from + i + left / n) / perDecade)
    left -= n
  }
  return edge(histogram, counts.length)
}

/** Share of the values that an axis may begin after, so that a few tiny ones do not take its half. */
const LOST = 0.002

/** Where the axis begins, and how many values lie below. */
function lowEnd(all: readonly LogHistogram[]): { low: number; below: number } {
  const sum = addHistograms(all)
  const total = sum.counts.reduce((a, b) => a + b, 0)
  let [first, below] = [0, 0]
  while (first < sum.counts.length && below + sum.counts[first]! <= LOST * total)
    below += sum.counts[first++]!
  if (total === 0) return { low: 0.001, below: 0 }
  // the axis begins at a whole power of ten, so that some of them are on it after all
  const low = 10 ** Math.floor((sum.from + first) / sum.perDecade)
  const power = Math.round(Math.log10(low)) * sum.perDecade
  return { low, below: sum.counts.slice(0, Math.max(0, power - sum.from)).reduce((a, b) => a + b, 0) }
}

/** Histograms below each other on one logarithmic axis. */
export function ridgeFigure(options: {
  rows: readonly RidgeRow[]
  width: number
  label: string
  axis: string
  right: string
  /** What is counted: `filters`. */
  things: string
  rowHeight?: number
}): Pick<Figure, 'width' | 'height' | 'drawing' | 'spots' | 'notes'> {
  const { rows, width, label, axis, right, things, rowHeight = 42 } = options
  const left = Math.min(180, 16 + 6.6 * Math.max(6, ...rows.map((row) => Math.min(24, row.label.length))))
  const end = width - RIGHT
  const height = TOP + rows.length * rowHeight + BOTTOM
  const bottom = height - BOTTOM
  const drawn = rows.flatMap((row) => (row.other ? [row.histogram, row.other] : [row.histogram]))
  const filled = drawn.filter(({ counts }) => counts.length > 0)
  const { low, below } = lowEnd(filled)
  const high = Math.max(...filled.map((one) => edge(one, one.counts.length)), low * 10)
  const x = logScale(filled.length > 0 ? low : 0.001, filled.length > 0 ? high : 1, left, end)
  const most = Math.max(
    1e-9,
    ...rows.flatMap(({ histogram, total, other }) => [
      ...histogram.counts.map((n) => n / total),
      ...(other ? other.counts.map((n) => n / totalOf(other)) : []),
    ]),
  )
  const outline = (one: LogHistogram, total: number, base: number) =>
    one.counts.reduce<string>(
      (path, n, i) =>
        `${path}L${x.at(edge(one, i)).toFixed(1)} ${(base - (n / total / most) * (rowHeight - 4)).toFixed(1)}L${x.at(edge(one, i + 1)).toFixed(1)} ${(base - (n / total / most) * (rowHeight - 4)).toFixed(1)}`,
      `M${x.at(edge(one, 0)).toFixed(1)} ${base}`,
    ) + `L${x.at(edge(one, one.counts.length)).toFixed(1)} ${base}`
  const spots: Spot[][] = rows.map(({ label: name, histogram, total, still, said }, i) => {
    const base = TOP + (i + 1) * rowHeight
    if (still || histogram.counts.length === 0)
      return [
        {
          x: left,
          y: base - rowHeight + 4,
          width: end - left,
          height: rowHeight - 4,
          name,
          facts: [['all', said]],
        },
      ]
    return histogram.counts.map((n, bin) => {
      const [a, b] = [edge(histogram, bin), edge(histogram, bin + 1)]
      return {
        x: x.at(a),
        y: base - rowHeight + 4,
        width: Math.max(1, x.at(b) - x.at(a)),
        height: rowHeight - 4,
        name,
        facts: [
          ['distance', `${number(a)} to ${number(b)}`],
          [things, `${n.toLocaleString('en')} of ${total.toLocaleString('en')}, ${percent(n / total)}`],
          ...(histogram.zeros > 0
            ? ([['at exactly 0', histogram.zeros.toLocaleString('en')]] as [string, string][])
            : []),
        ],
      }
    })
  })
  const drawing = svg`${hatchPattern()}
    <text class="tick" x=${left} y="11">${label}</text>
    <text class="tick" text-anchor="end" x=${width - 4} y="11">${right}</text>
    ${x.ticks.map(({ value, text }) => svg`<line class="grid" x1=${x.at(value)} x2=${x.at(value)} y1=${TOP} y2=${bottom}></line><text class="tick" text-anchor="middle" x=${x.at(value)} y=${bottom + 16}>${text}</text>`)}
    <text class="tick" x=${left} y=${bottom + 32}>${axis}</text>
    ${rows.map((row, i) => {
      const base = TOP + (i + 1) * rowHeight
      return svg`<text text-anchor="end" x=${left - 8} y=${base - 2}>${cutStart(row.label, 24)}<title>${row.label}</title></text>
        <text text-anchor="end" class="tick" x=${width - 4} y=${base - 2}>${row.said}</text>
        ${
          row.still
            ? svg`<rect fill="url(#hatch)" x=${left} y=${base - 12} width=${end - left} height="12"></rect><line class="line" stroke="currentColor" x1=${left} x2=${end} y1=${base - 12} y2=${base - 12}></line>`
            : svg`<line class="grid" x1=${left} x2=${end} y1=${base} y2=${base}></line>
              ${row.histogram.counts.length > 0 ? svg`<path fill=${row.colour} d=${outline(row.histogram, row.total, base)}></path>` : nothing}`
        }
        ${row.other && row.other.counts.length > 0 ? svg`<path class="other" d=${outline(row.other, totalOf(row.other), base)}></path>` : nothing}
        ${row.median && !row.still ? svg`<line class="median" x1=${x.at(row.median)} x2=${x.at(row.median)} y1=${base - 8} y2=${base}></line>` : nothing}`
    })}`
  const notes =
    below > 0
      ? [`${count(below, 'value')} so close to 0 that the axis begins after ${below === 1 ? 'it' : 'them'}.`]
      : []
  return { width, height, drawing: [drawing], spots, notes }
}

const totalOf = ({ counts, zeros }: LogHistogram): number => counts.reduce((a, b) => a + b, zeros)
