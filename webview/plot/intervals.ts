import { svg } from 'lit'
import { cut, fixed } from '../format'
import { wilson } from '../predictions/recall'
import type { Figure } from './figure'
import { linearScale } from './scales'

/** Images that were right, of one way to run a network. */
export interface Counted {
  name: string
  correct: number
  images: number
  /** What the others are held against. */
  reference?: boolean
}

export interface Measured extends Counted {
  accuracy: number
  low: number
  high: number
}

/** Accuracy with the 95 % interval of Wilson. */
export const measuredOf = (one: Counted): Measured => ({
  ...one,
  accuracy: one.images > 0 ? one.correct / one.images : 0,
  ...wilson(one.correct, Math.max(1, one.images)),
})

const [TOP, ROW] = [8, 22]

/** Accuracies below each other, each with its interval. */
export function intervalFigure(
  rows: readonly Measured[],
  room: number,
  left: number,
  what: string,
): Pick<Figure, 'width' | 'height' | 'drawing' | 'spots' | 'table'> {
  const width = Math.min(room, 560)
  const end = width - 60
  const low = Math.min(...rows.map((row) => row.low))
  const high = Math.max(...rows.map((row) => row.high))
  const x = linearScale(low, high, left, end, (value) => fixed(value, 2))
  const bottom = TOP + rows.length * ROW
  return {
    width,
    height: bottom + 24,
    drawing: [
      svg`${x.ticks.map(({ value, text }) => svg`<line class="grid" x1=${x.at(value)} x2=${x.at(value)} y1=${TOP} y2=${bottom}></line><text class="tick" text-anchor="middle" x=${x.at(value)} y=${bottom + 16}>${text}</text>`)}`,
      ...rows.map((row, i) => {
        const y = TOP + i * ROW + ROW / 2
        return svg`<text class=${row.reference ? 'strong' : ''} text-anchor="end" x=${left - 12} y=${y + 4}>${cut(row.name, Math.floor((left - 12) / 6.2))}<title>${row.name}</title></text>
          <line class="interval" x1=${x.at(row.low)} x2=${x.at(row.high)} y1=${y} y2=${y}></line>
          <circle class="dot ${row.reference ? 'chosen' : ''}" cx=${x.at(row.accuracy)} cy=${y} r="4"></circle>
          <text x=${end + 12} y=${y + 4}>${fixed(row.accuracy)}</text>`
      }),
    ],
    spots: rows.map((row, i) => [
      {
        x: x.at(row.low),
        y: TOP + i * ROW + 3,
        width: Math.max(8, x.at(row.high) - x.at(row.low)),
        height: ROW - 6,
        name: row.name,
        facts: [
          ['accuracy', `${fixed(row.accuracy)}, ${row.correct} of ${row.images}`],
          ['95 % interval', `${fixed(row.low)} to ${fixed(row.high)}`],
        ],
      },
    ]),
    table: {
      columns: [what, 'correct', 'images', 'accuracy', 'low', 'high'],
      rows: rows.map((row) => [row.name, row.correct, row.images, row.accuracy, row.low, row.high]),
    },
  }
}
