import type { Figure } from '../../plot/figure'
import { svg } from 'lit'
import { cutStart } from '../../format'
import type { Column } from '../routing/figures'
import type { ViewContext } from '../types'

const [NAME, ROW] = [168, 18]

/** How often training images ran each block or layer tuned, as bars. */
export function trainingFigure(
  columns: readonly Column[],
  percent: readonly number[],
  words: { one: string; many: string },
  context: ViewContext,
  notes: readonly string[],
): Figure {
  const { width } = context
  const end = width - 56
  const at = (value: number) => NAME + (value / 100) * (end - NAME)
  const bottom = columns.length * ROW + 4
  return {
    name: 'routing-training',
    title: 'Routes in training',
    question: `How often did training images run each ${words.one} tuned, over about one epoch?`,
    width,
    height: bottom + 20,
    drawing: [
      svg`${[0, 50, 100].map((tick) => svg`<line class="grid" x1=${at(tick)} x2=${at(tick)} y1="0" y2=${bottom}></line><text class="tick" text-anchor="middle" x=${at(tick)} y=${bottom + 14}>${tick} %</text>`)}`,
      ...columns.map(
        (
          { label },
          i,
        ) => svg`<text text-anchor="end" x=${NAME - 10} y=${i * ROW + 13}>${cutStart(label, 24)}<title>${label}</title></text>
        <rect class="ember" x=${NAME} y=${i * ROW + 3} width=${Math.max(0.5, at(percent[i] ?? 0) - NAME)} height=${ROW - 6}></rect>
        <text text-anchor="end" x=${width - 4} y=${i * ROW + 13}>${percent[i] ?? 0} %</text>`,
      ),
    ],
    spots: columns.map(({ label, stage }, i) => [
      {
        x: NAME,
        y: i * ROW + 1,
        width: end - NAME,
        height: ROW - 2,
        name: label,
        facts: [
          ['stage', stage],
          ['tuned', `${percent[i] ?? 0} % of training images`],
        ],
      },
    ]),
    notes: notes.length > 0 ? [`${notes.join('; ')}.`.replace(/^./, (first) => first.toUpperCase())] : [],
    table: {
      columns: [words.one, 'stage', 'percent tuned'],
      rows: columns.map(({ label, stage }, i) => [label, stage, percent[i]]),
    },
  }
}
