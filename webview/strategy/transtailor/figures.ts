import { nothing, svg } from 'lit'
import type { TransTailorPicture, TransTailorRound } from '../../../src/events/pictures/transtailor'
import { ember } from '../../colour'
import { count, cutStart, fixed, number, percent } from '../../format'
import type { Figure, Spot } from '../../plot/figure'
import { linearScale } from '../../plot/scales'
import type { PictureView, ViewContext } from '../types'

const [NAME, RIGHT, TOP, ROW] = [176, 116, 22, 16]

function kept(data: TransTailorPicture, context: ViewContext): Figure {
  const { layers, round, rounds, budget } = data
  const { width, theme } = context
  const end = width - RIGHT
  const spots: Spot[][] = []
  const rows = layers.map(({ layer, filters, kept: left, importance, keptMarks }, i) => {
    const y = TOP + i * ROW
    const marks = importance.length
    const step = (end - NAME) / Math.max(1, marks)
    const most = Math.max(...importance, 1e-12)
    spots.push(
      marks === 0
        ? [
            {
              x: NAME,
              y,
              width: end - NAME,
              height: ROW - 3,
              name: layer,
              facts: [['kept', `${left} of ${filters}`]],
            },
          ]
        : importance.map((value, j) => ({
            x: NAME + j * step,
            y,
            width: step,
            height: ROW - 3,
            name: layer,
            facts: [
              ['importance', `${number(value)}, ${percent(value / most)} of the greatest`],
              ['this mark', keptMarks[j] ? 'kept' : 'cut'],
              ['layer keeps', `${left} of ${filters}`],
            ],
          })),
    )
    return svg`<text class="name" text-anchor="end" x=${NAME - 10} y=${y + 10}>${cutStart(layer, 24)}<title>${layer}</title></text>
      ${importance.map((value, j) =>
        keptMarks[j]
          ? svg`<rect fill=${ember(0.25 + 0.7 * (value / most), theme)} x=${NAME + j * step} y=${y} width=${Math.max(0.8, step - 1)} height=${ROW - 4}></rect>`
          : svg`<rect class="cut" x=${NAME + j * step + 0.5} y=${y + 0.5} width=${Math.max(0.8, step - 2)} height=${ROW - 5}></rect>`,
      )}
      ${marks === 0 ? svg`<rect class="cut" x=${NAME + 0.5} y=${y + 0.5} width=${end - NAME - 1} height=${ROW - 5}></rect>` : nothing}
      <text text-anchor="end" x=${end + 42} y=${y + 10}>${left.toLocaleString('en')}</text>
      <text class="tick" x=${end + 48} y=${y + 10}>of ${filters.toLocaleString('en')}</text>`
  })
  const measured = layers.some(({ importance }) => importance.length > 0)
  return {
    name: 'kept-filters',
    title: 'Which filters were kept',
    about: `round ${round} of ${rounds}, ${percent(budget, budget < 0.1 ? 1 : 0)} of the cost each`,
    question: measured
      ? 'Filters of each layer, most important first; outlined ones were cut in the last round.'
      : 'No round has measured its filters yet; marks appear with the first cut.',
    width,
    height: TOP + layers.length * ROW + 6,
    drawing: [
      svg`<text class="tick" x=${NAME} y="12">filters, most important first</text><text class="tick" x=${end + 24} y="12">kept</text>`,
      ...rows,
    ],
    spots,
    legend: [
      {
        kind: 'scale',
        words: 'importance β',
        from: 'low',
        to: 'high',
        colour: (t) => ember(0.25 + 0.7 * t, theme),
      },
      { kind: 'ring', colour: 'var(--dim)', words: 'cut' },
    ],
    notes: [
      'Importance is shaded against the greatest of its layer. Each mark stands for an equal share of the filters.',
    ],
    table: {
      columns: ['layer', 'stage', 'block', 'filters', 'kept', 'mark', 'importance', 'kept mark'],
      rows: layers.flatMap(({ layer, stage, block, filters, kept: left, importance, keptMarks }) => {
        const whole = [layer, stage, block, filters, left]
        return importance.length === 0
          ? [[...whole, null, null, null]]
          : importance.map((value, i) => [...whole, i + 1, value, keptMarks[i] ? 'kept' : 'cut'])
      }),
    },
  }
}

const millions = (operations: number): string => {
  const value = operations / 1e6
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3)
}

const accuracyOf = ({ balancedAccuracy, accuracy }: TransTailorRound) => balancedAccuracy ?? accuracy

function factsOf(one: TransTailorRound, state: string): Spot['facts'] {
  const points: [string, number | undefined][] = [
    ['before the cut', one.before],
    ['right after the cut', one.afterCut],
    ['after the transform', one.afterTransform],
    ['tuned', accuracyOf(one)],
  ]
  return [
    ['multiply-adds', `${millions(one.multiplyAdds)} M`],
    ['filters cut', one.cut.toLocaleString('en')],
    ...points.flatMap(([name, value]): [string, string][] =>
      value === undefined ? [] : [[name, fixed(value)]],
    ),
    ...(one.low !== undefined && one.high !== undefined
      ? ([['95 % interval', `${fixed(one.low)} to ${fixed(one.high)}`]] as [string, string][])
      : []),
    ...(state ? ([['round', state]] as [string, string][]) : []),
  ]
}

function cost(data: TransTailorPicture, context: ViewContext): Figure {
  const { curve, images, tau, chosen } = data
  const { width } = context
  const height = 300
  const [left, end, top, bottom] = [56, width - 92, 22, height - 44]
  const values = curve
    .flatMap((one) => [accuracyOf(one), one.low, one.high, one.afterCut])
    .filter((v) => v !== undefined)
  const x = linearScale(
    Math.min(...curve.map(({ multiplyAdds }) => multiplyAdds / 1e6)),
    Math.max(...curve.map(({ multiplyAdds }) => multiplyAdds / 1e6), 1e-6),
    left,
    end,
  )
  const y = linearScale(Math.min(...values, 1), Math.max(...values, 0), bottom, top, (v) => fixed(v, 2))
  const tuned = curve.filter((one) => accuracyOf(one) !== undefined)
  const at = (one: TransTailorRound) => [x.at(one.multiplyAdds / 1e6), y.at(accuracyOf(one)!)] as const
  const dense = curve[0] && accuracyOf(curve[0])
  const state = (one: TransTailorRound) =>
    one.round === chosen
      ? 'the run would end with this'
      : one.accepted === false
        ? `dropped more than ${number(tau)}`
        : ''
  const path = tuned
    .map((one, i) => `${i === 0 ? 'M' : 'L'}${at(one)[0].toFixed(1)} ${at(one)[1].toFixed(1)}`)
    .join('')
  return {
    name: 'accuracy-cost',
    title: 'Accuracy against cost',
    about: `${count(images, 'validation image')}, τ ${number(tau)}`,
    question: 'What did each cut cost in accuracy? Right is the whole network, left the smallest.',
    width,
    height,
    drawing: [
      svg`${y.ticks.map(({ value, text }) => svg`<line class="grid" x1=${left} x2=${end} y1=${y.at(value)} y2=${y.at(value)}></line><text class="tick" text-anchor="end" x=${left - 8} y=${y.at(value) + 4}>${text}</text>`)}
      ${x.ticks.map(({ value, text }) => svg`<text class="tick" text-anchor="middle" x=${x.at(value)} y=${bottom + 18}>${text}</text>`)}
      <text class="tick" x=${left} y="11">balanced accuracy</text>
      <text class="tick" text-anchor="end" x=${end} y=${bottom + 36}>million multiply-adds an image</text>
      ${dense !== undefined ? svg`<text class="tick" x=${end + 8} y=${y.at(dense) + 4}>whole network</text><line class="other" x1=${left} x2=${end} y1=${y.at(dense)} y2=${y.at(dense)}></line>` : nothing}
      <path class="line" stroke="var(--ember)" d=${path}></path>`,
      ...tuned.map((one) => {
        const [px, py] = at(one)
        const last = one.round === chosen
        return svg`${one.low !== undefined && one.high !== undefined ? svg`<line class="interval" x1=${px} x2=${px} y1=${y.at(one.low)} y2=${y.at(one.high)}></line>` : nothing}
          <circle class="dot ${last ? 'chosen' : ''}" cx=${px} cy=${py} r=${last ? 5 : 3.5}></circle>
          <text class="halo ${last ? 'strong' : 'tick'}" x=${px + 9} y=${py - 5}>${one.round === 0 ? '' : one.round}</text>`
      }),
    ],
    spots: [
      [...tuned]
        .sort((a, b) => a.multiplyAdds - b.multiplyAdds)
        .map((one) => ({
          x: at(one)[0] - 6,
          y: at(one)[1] - 6,
          width: 12,
          height: 12,
          name: one.round === 0 ? 'Whole network' : `Round ${one.round}`,
          facts: factsOf(one, state(one)),
        })),
    ],
    legend: [
      { kind: 'box', colour: 'var(--ember)', words: 'the run would end with this round' },
      { kind: 'line', colour: 'var(--ember)', words: '95 % interval; numbers are rounds' },
    ],
    table: {
      columns: [
        ...['round', 'multiply-adds', 'filters cut', 'before', 'after cut', 'after transform'],
        ...['accuracy', 'balanced accuracy', 'low', 'high', 'accepted'],
      ],
      rows: curve.map((one) => [
        ...[one.round, one.multiplyAdds, one.cut, one.before, one.afterCut, one.afterTransform],
        ...[
          one.accuracy,
          one.balancedAccuracy,
          one.low,
          one.high,
          one.accepted === undefined ? null : String(one.accepted),
        ],
      ]),
    },
  }
}

export const views: PictureView[] = [
  {
    picture: 'transtailor',
    figures: (data: TransTailorPicture, context) => [
      kept(data, context),
      ...(data.curve.length > 0 ? [cost(data, context)] : []),
    ],
  },
]
