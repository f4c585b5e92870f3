import type { Figure } from '../../plot/figure'
import type { FilterDistances, FisherPicture } from '../../../src/events/pictures/l2-sp'
import { ember, hold } from '../../colour'
import { number } from '../../format'
import { medianOf, ridgeFigure, type RidgeRow } from '../../plot/ridge'
import type { PictureView, ViewContext } from '../types'
import { byStage } from './model'

/** Ember by the logarithm of a distance, from 1e-4 to 1, as on the freeze map. */
const shade = (distance: number): number =>
  0.35 + 0.55 * Math.min(1, Math.max(0, (Math.log10(distance) + 4) / 4))

function distances(data: FilterDistances, context: ViewContext): Figure[] {
  const other = context.other
    ? new Map(byStage(context.other.data as FilterDistances).map((stage) => [stage.stage, stage]))
    : undefined
  const rows = byStage(data).map(({ stage, filters, atStart, histogram, median }): RidgeRow => {
    const still = atStart === filters
    const behind = other?.get(stage)
    return {
      label: stage,
      histogram,
      total: filters,
      median,
      said: still ? '0, frozen' : number(median),
      colour: ember(shade(median), context.theme),
      still,
      ...(behind && { other: behind.histogram }),
    }
  })
  return [
    {
      name: 'filter-distances',
      title: 'How far each filter went',
      about: `step ${context.step}`,
      question: other
        ? `Filled: this run. Dashed: ${context.other!.name}.`
        : 'How far is each filter from its pre-trained value? Each row counts the filters of a stage.',
      ...ridgeFigure({
        rows,
        width: context.width,
        label: 'filters',
        axis: 'relative distance ‖w − w0‖ / ‖w0‖ of each filter (log)',
        right: 'median',
        things: 'filters',
      }),
      legend: [
        { kind: 'box', colour: ember(0.65, context.theme), words: 'this run' },
        ...(other ? [{ kind: 'dash' as const, colour: 'var(--fg)', words: context.other!.name }] : []),
        { kind: 'tick', colour: 'var(--fg)', words: 'median' },
        ...(rows.some(({ still }) => still)
          ? [{ kind: 'hatch' as const, colour: 'var(--ice)', words: 'every filter where it was' }]
          : []),
      ],
      table: {
        columns: ['layer', 'stage', 'filters', 'at start', 'median', 'from', 'to', 'count'],
        rows: data.rows.flatMap(({ layer, stage, filters, atStart, median, histogram }) => {
          const edge = (i: number) => 10 ** ((histogram.from + i) / histogram.perDecade)
          const whole = [layer, stage, filters, atStart, median]
          return histogram.counts.length === 0
            ? [[...whole, 0, 0, histogram.zeros]]
            : histogram.counts.map((count, i) => [...whole, edge(i), edge(i + 1), count])
        }),
      },
    },
  ]
}

function fisher(data: FisherPicture, context: ViewContext): Figure[] {
  const from = { source: 'source images', target: 'training images', given: 'a file' }[data.data]
  const rows = data.rows.map(({ parameter, values, mean, histogram }): RidgeRow => ({
    label: parameter,
    histogram,
    total: values,
    median: medianOf(histogram),
    said: number(mean),
    colour: hold(0.6, context.theme),
    still: false,
  }))
  const drawn = ridgeFigure({
    rows,
    width: context.width,
    label: 'weights',
    axis: 'diagonal of the Fisher information (log)',
    right: 'mean',
    things: 'weights',
    rowHeight: 18,
  })
  return [
    {
      name: 'fisher',
      title: 'What the Fisher information holds',
      about: `${data.images > 0 ? `${data.images.toLocaleString('en')} ` : ''}${from}`,
      question: 'Which weights does the pre-trained network depend on? The penalty holds each by this much.',
      ...drawn,
      notes: [`Mean over all weights: ${number(data.mean)}.`, ...(drawn.notes ?? [])],
      table: {
        columns: ['parameter', 'values', 'mean', 'zeros'],
        rows: data.rows.map((row) => [row.parameter, row.values, row.mean, row.histogram.zeros]),
      },
    },
  ]
}

export const views: PictureView[] = [
  { picture: 'filter-distances', overlay: true, figures: distances },
  { picture: 'fisher', figures: fisher },
]
