import { nothing, svg } from 'lit'
import type { HybridForwardPicture } from '../../../src/events/pictures/hybrid-forward'
import { count, cut, fixed, number, percent } from '../../format'
import type { Figure } from '../../plot/figure'
import { intervalFigure, measuredOf } from '../../plot/intervals'
import { lineFigure } from '../../plot/lines'
import { linearScale } from '../../plot/scales'
import type { PictureView, ViewContext } from '../types'
import { weightShares } from './model'

const colours = { student: 'var(--ember)', first: 'var(--run-a)', second: 'var(--run-b)' }

/** `student, teacher, …`: the nets that a path goes through. */
const route = (nets: readonly ('student' | 'teacher')[]): string =>
  nets.map((net) => net[0]!.toUpperCase()).join('')

function losses(
  { rows, paths, balance, routes, stages }: HybridForwardPicture,
  context: ViewContext,
): Figure {
  const steps = rows.map(({ step }) => step)
  return {
    name: 'balance-losses',
    title: 'Three losses of one target',
    about: `balance ${balance}, ${stages.length} stages`,
    question: 'Do the two mixed paths learn at the pace of the student? Cross-entropy of each path (log).',
    ...lineFigure({
      lines: [
        { name: 'student', colour: colours.student, steps, values: rows.map((row) => row.losses[2]) },
        { name: 'path 1', colour: colours.first, steps, values: rows.map((row) => row.losses[0]) },
        { name: 'path 2', colour: colours.second, steps, values: rows.map((row) => row.losses[1]) },
      ],
      steps: context.run.steps,
      width: context.width,
      height: 260,
      log: true,
      right: 130,
    }),
    notes: [
      routes === 'random'
        ? 'Routes are drawn anew each step.'
        : `Stages bottom up, S student, T teacher: path 1 ${route(paths.first)}, path 2 ${route(paths.second)}.`,
    ],
    table: {
      columns: [
        'step',
        'path 1',
        'path 2',
        'student',
        'weight 1',
        'weight 2',
        'accuracy 1',
        'accuracy 2',
        'accuracy student',
      ],
      rows: rows.map((row) => [row.step, ...row.losses, ...row.weights, ...row.accuracy]),
    },
  }
}

/** Shares of the weights as stacked areas. */
function weights({ rows }: HybridForwardPicture, context: ViewContext): Figure {
  const { width, run } = context
  const [left, end, top, bottom] = [52, width - 130, 8, 132]
  const x = (step: number) => left + (step / Math.max(1, run.steps)) * (end - left)
  const y = linearScale(0, 1, bottom, top, (value) => fixed(value, 1))
  const shares = rows.map(weightShares)
  const names = ['student', 'path 1', 'path 2']
  const fills = [colours.student, colours.first, colours.second]
  const below = (i: number, part: number) => shares[i]!.slice(0, part).reduce((a, b) => a + b, 0)
  const area = (part: number) => {
    const upper = rows.map(({ step }, i) => `${x(step).toFixed(1)} ${y.at(below(i, part + 1)).toFixed(1)}`)
    const lower = rows.map(({ step }, i) => `${x(step).toFixed(1)} ${y.at(below(i, part)).toFixed(1)}`)
    return `M${upper.join('L')}L${lower.reverse().join('L')}Z`
  }
  const last = rows.at(-1)
  return {
    name: 'balance-weights',
    title: 'How much each path weighs',
    question: "Share of each loss's weight in the objective; the student's own weight is 1.",
    width,
    height: bottom + 24,
    drawing: [
      svg`${names.map((_, part) => svg`<path fill=${fills[part]} fill-opacity="0.65" stroke="var(--bg)" d=${area(part)}></path>`)}
      ${y.ticks.map(({ value, text }) => svg`<line class="grid" x1=${left} x2=${end} y1=${y.at(value)} y2=${y.at(value)}></line><text class="tick" text-anchor="end" x=${left - 8} y=${y.at(value) + 4}>${text}</text>`)}
      ${last ? names.map((name, part) => svg`<text x=${end + 10} y=${y.at((below(rows.length - 1, part) + below(rows.length - 1, part + 1)) / 2) + 4}>${name}<tspan class="tick" dx="6">${number(part === 0 ? 1 : last.weights[part - 1])}</tspan></text>`) : nothing}
      <text class="tick" text-anchor="end" x=${end} y=${bottom + 18}>step ${last?.step.toLocaleString('en') ?? ''}</text>`,
    ],
    spots: [
      rows.map((row, i) => ({
        x: x(row.step) - 1,
        y: top,
        width: 2,
        height: bottom - top,
        name: `Step ${row.step.toLocaleString('en')}`,
        facts: names.map((name, part): [string, string] => [
          name,
          `${number(part === 0 ? 1 : row.weights[part - 1])}, ${percent(shares[i]![part]!)}`,
        ]),
      })),
    ],
    legend: names.map((words, part) => ({ kind: 'box', colour: fills[part]!, words })),
    table: {
      columns: ['step', 'student', 'path 1', 'path 2'],
      rows: rows.map((row, i) => [row.step, ...shares[i]!]),
    },
  }
}

const [NAME, ROW] = [176, 22]

/** Accuracy with one student stage replaced by the teacher's. */
function swaps({ swaps: told, stages }: HybridForwardPicture, context: ViewContext): Figure {
  const rows = told!.map(({ stage, correct, images }) =>
    measuredOf({
      name: stage < 0 ? 'the student itself' : `${stages[stage]?.student ?? stage} replaced`,
      ...{ correct, images },
      reference: stage < 0,
    }),
  )
  return {
    name: 'stage-swaps',
    title: 'Which stages still do what the teacher does',
    about: rows[0] ? count(rows[0].images, 'image') : '',
    question: "Accuracy with exactly one stage of the student replaced by the teacher's.",
    ...intervalFigure(rows, context.width, NAME, 'network'),
  }
}

/** Whether the paths pull each student stage the same way. */
function agreement({ agreement: told, stages }: HybridForwardPicture, context: ViewContext): Figure {
  const width = Math.min(context.width, 560)
  const end = width - 60
  const x = linearScale(-1, 1, NAME, end, (v) => fixed(v, 1))
  const rows = told!.map(({ stage, path, cosine }) => ({
    name: `${stages[stage]?.student ?? stage}, path ${path}`,
    cosine,
  }))
  const bottom = rows.length * ROW
  return {
    name: 'gradient-agreement',
    title: 'Do the paths pull the same way?',
    about: `step ${context.step}, eight training images`,
    question: "Cosine between a mixed path's gradient of a student stage and the student's own.",
    width,
    height: bottom + 24,
    drawing: [
      svg`${x.ticks.map(({ value, text }) => svg`<line class=${Math.abs(value) < 1e-9 ? 'base' : 'grid'} x1=${x.at(value)} x2=${x.at(value)} y1="0" y2=${bottom}></line><text class="tick" text-anchor="middle" x=${x.at(value)} y=${bottom + 16}>${text}</text>`)}`,
      ...rows.map(
        (
          { name, cosine },
          i,
        ) => svg`<text text-anchor="end" x=${NAME - 12} y=${i * ROW + 15}>${cut(name, 26)}<title>${name}</title></text>
          <rect class=${cosine >= 0 ? 'ember' : 'ice'} x=${Math.min(x.at(0), x.at(cosine))} y=${i * ROW + 5} width=${Math.max(0.5, Math.abs(x.at(cosine) - x.at(0)))} height=${ROW - 10}></rect>
          <text x=${end + 12} y=${i * ROW + 15}>${fixed(cosine, 2)}</text>`,
      ),
    ],
    spots: rows.map(({ name, cosine }, i) => [
      {
        x: NAME,
        y: i * ROW + 2,
        width: end - NAME,
        height: ROW - 4,
        name,
        facts: [['cosine', fixed(cosine)]],
      },
    ]),
    table: { columns: ['stage and path', 'cosine'], rows: rows.map(({ name, cosine }) => [name, cosine]) },
  }
}

export const views: PictureView[] = [
  {
    picture: 'balance',
    figures: (data: HybridForwardPicture, context) => [
      ...(data.rows.length > 0 ? [losses(data, context), weights(data, context)] : []),
      ...(data.agreement && data.agreement.length > 0 ? [agreement(data, context)] : []),
      ...(data.swaps && data.swaps.length > 0 ? [swaps(data, context)] : []),
    ],
  },
]
