import { svg } from 'lit'
import type { L2tPicture } from '../../../src/events/pictures/l2t-ww'
import { hold } from '../../colour'
import { cut, cutStart, fixed, number, percent } from '../../format'
import type { Figure, Spot } from '../../plot/figure'
import { lineFigure } from '../../plot/lines'
import type { PictureView, ViewContext } from '../types'
import { snapshots } from './model'

const [NAME, TOP, GAP] = [112, 26, 14]

/** Matrices side by side: teacher down, student across, one a moment. */
function matrices(data: L2tPicture, context: ViewContext): Figure {
  const { teacher, student, pairs, beta, learns } = data
  const { width, theme } = context
  const moments = snapshots(data, context.step, Math.max(1, Math.floor((width - NAME) / 78)))
  const most = Math.max(1e-9, ...moments.flatMap(({ strengths }) => strengths))
  const lane = Math.min(190, (width - NAME) / moments.length)
  const cell = Math.min(30, (lane - GAP) / Math.max(1, student.length))
  const bottom = TOP + teacher.length * cell
  const spots: Spot[][] = teacher.map(() => [])
  const drawing = moments.map(({ step, strengths }, m) => {
    const left = NAME + m * lane
    const last = m === moments.length - 1
    return svg`<text class=${last ? 'strong' : 'tick'} x=${left} y="14">step ${step.toLocaleString('en')}</text>
      ${pairs.map(({ at: [row, column], spread, share }, i) => {
        const value = strengths[i] ?? 0
        const [x, y] = [left + column * cell, TOP + row * cell]
        spots[row]!.push({
          x,
          y,
          width: cell,
          height: cell,
          name: `${teacher[row]?.name} to ${student[column]?.name}`,
          facts: [
            ['step', step.toLocaleString('en')],
            ['strength λ', number(value)],
            ...(last ? ([['± among images', number(spread)]] as [string, string][]) : []),
            ...(last && share !== undefined
              ? ([['of the transfer loss', percent(share)]] as [string, string][])
              : []),
          ],
        })
        return svg`<rect fill=${hold(value / most, theme)} x=${x} y=${y} width=${cell - 1} height=${cell - 1}></rect>`
      })}
      ${student.map((_, i) => svg`<text class="tick" text-anchor="middle" x=${left + (i + 0.5) * cell} y=${bottom + 14}>${i + 1}</text>`)}`
  })
  for (const row of spots) row.sort((a, b) => a.x - b.x)
  return {
    name: 'pairs',
    title: 'Which map teaches which',
    about: `beta ${number(beta)}, ${pairs.length} pairs`,
    question: 'Strength of each pair over time: teacher down, student across.',
    width,
    height: bottom + 22,
    drawing: [
      svg`<text class="tick" text-anchor="end" x=${NAME - 10} y="14">teacher</text>
      ${teacher.map(({ name, side }, i) => svg`<text text-anchor="end" x=${NAME - 10} y=${TOP + (i + 0.5) * cell + 4}>${cutStart(name, 14)}<title>${name}, ${side} x ${side}</title></text>`)}
      <text class="tick" text-anchor="end" x=${NAME - 10} y=${bottom + 14}>student</text>`,
      ...drawing,
    ],
    spots,
    legend: [{ kind: 'scale', words: 'λ', from: '0', to: number(most), colour: (t) => hold(t, theme) }],
    notes: [
      `Student: ${student.map(({ name }, i) => `${i + 1} ${name}`).join(', ')}.`,
      ...(learns.strengths ? [] : ['Strengths are fixed in this run (the ablation).']),
      ...outerNote(data),
    ],
    table: {
      columns: ['step', ...pairs.map(({ at: [t, s] }) => `${teacher[t]?.name} to ${student[s]?.name}`)],
      rows: moments.map(({ step, strengths }) => [step, ...pairs.map((_, i) => strengths[i])]),
    },
  }
}

const outerNote = ({ outer }: L2tPicture): string[] =>
  outer
    ? [
        `Last look-ahead: cross-entropy ${number(outer.before)} after the transfer steps, ${number(outer.after)} after one step on labels; the update changes the latter by ${outer.change > 0 ? '+' : ''}${number(outer.change)} to first order.`,
      ]
    : []

function strengths(data: L2tPicture, context: ViewContext): Figure {
  const { teacher, student, pairs, history } = data
  const shown = pairs
    .map((pair, i) => ({ pair, i }))
    .sort((a, b) => b.pair.strength - a.pair.strength)
    .slice(0, 8)
  const lines = shown.map(
    (
      {
        pair: {
          at: [t, s],
        },
        i,
      },
      rank,
    ) => ({
      name: `${cut(teacher[t]?.name ?? '', 9)} → ${cut(student[s]?.name ?? '', 9)}`,
      colour: hold(0.95 - (0.55 * rank) / Math.max(1, shown.length - 1), context.theme),
      steps: history.map(({ step }) => step),
      values: history.map((one) => one.strengths[i] ?? null),
    }),
  )
  return {
    name: 'pair-strengths',
    title: 'Strength of the pairs',
    question:
      pairs.length > shown.length
        ? `λ by step, the ${shown.length} strongest of ${pairs.length} pairs.`
        : 'λ by step, each pair.',
    ...lineFigure({
      lines,
      steps: context.run.steps,
      width: context.width,
      height: 240,
      log: false,
      range: [0, Math.max(1, ...history.flatMap((one) => one.strengths))],
      right: 190,
    }),
  }
}

const [LEFT, ROW] = [190, 18]

/** How unevenly the channels of each pair are weighed. */
function channels({ pairs, teacher, student }: L2tPicture, context: ViewContext): Figure {
  const { width, theme } = context
  const end = width - 64
  const most = Math.max(2, ...pairs.flatMap(({ bars }) => bars))
  const label = ({ at: [t, s] }: L2tPicture['pairs'][number]) => `${teacher[t]?.name} → ${student[s]?.name}`
  return {
    name: 'pair-channels',
    title: 'What is taught: weights of channels',
    question: "Channels of the teacher's map, the most weighed first; all alike: nothing is chosen.",
    width,
    height: pairs.length * ROW + 22,
    drawing: [
      ...pairs.map((pair, i) => {
        const step = (end - LEFT) / Math.max(1, pair.bars.length)
        return svg`<text text-anchor="end" x=${LEFT - 10} y=${i * ROW + 12}>${cutStart(label(pair), 27)}<title>${label(pair)}</title></text>
          ${pair.bars.map((bar, j) => svg`<rect fill=${hold(0.15 + 0.85 * (bar / most), theme)} x=${LEFT + j * step} y=${i * ROW + 1} width=${step + 0.3} height=${ROW - 4}></rect>`)}
          <text text-anchor="end" x=${width - 6} y=${i * ROW + 12}>${fixed(pair.perplexity, 2)}</text>`
      }),
      svg`<text class="tick" x=${LEFT} y=${pairs.length * ROW + 14}>channels, most weighed first</text><text class="tick" text-anchor="end" x=${width - 6} y=${pairs.length * ROW + 14}>perplexity</text>`,
    ],
    spots: pairs.map((pair, i) =>
      pair.bars.map((bar, j) => ({
        x: LEFT + (j * (end - LEFT)) / pair.bars.length,
        y: i * ROW + 1,
        width: (end - LEFT) / pair.bars.length,
        height: ROW - 4,
        name: label(pair),
        facts: [
          ['channel, by weight', `${j + 1} of ${pair.bars.length} shown`],
          ['weight', `${number(bar)} × the mean`],
          ['strength λ', number(pair.strength)],
          ...(pair.gradient === undefined
            ? []
            : ([['outer gradient', number(pair.gradient)]] as [string, string][])),
        ],
      })),
    ),
    legend: [
      {
        kind: 'scale',
        words: 'C · w',
        from: '0',
        to: number(most),
        colour: (t) => hold(0.15 + 0.85 * t, theme),
      },
    ],
    table: {
      columns: ['teacher', 'student', 'strength', 'spread', 'perplexity', 'share of loss', 'outer gradient'],
      rows: pairs.map(({ at: [t, s], strength, spread, perplexity, share, gradient }) => [
        ...[teacher[t]?.name, student[s]?.name, strength, spread, perplexity, share, gradient],
      ]),
    },
  }
}

export const views: PictureView[] = [
  {
    picture: 'pairs',
    figures: (data: L2tPicture, context) => [
      matrices(data, context),
      ...(data.history.length > 1 ? [strengths(data, context)] : []),
      channels(data, context),
    ],
  },
]
