import type { Figure } from '../../plot/figure'
import { svg } from 'lit'
import type { AdaFilterPicture } from '../../../src/events/pictures/adafilter'
import { share } from '../../colour'
import { count, cutStart, fixed, number } from '../../format'
import { ablationFigure, classFigure, sampleFigure } from '../routing/figures'
import type { PictureView, ViewContext } from '../types'

const words = { one: 'layer', many: 'layers' }
const [NAME, TOP, ROW] = [190, 4, 14]

/** Rank of the i-th of so many evenly spaced ones, as a range of filters in words. */
const filtersAt = (i: number, shown: number, all: number): string =>
  shown >= all
    ? `${i + 1} of ${all}`
    : `about ${Math.round((i * (all - 1)) / Math.max(1, shown - 1)) + 1} of ${all}`

function usage(data: AdaFilterPicture, context: ViewContext): Figure {
  const { layers, routed, training, stateNorm, normDistance, onTheFence } = data
  const { width, theme } = context
  const end = width - 56
  const filters = data.filters ?? layers.map((_, i) => (training ? [training[i]!] : []))
  const mean = routed?.percent ?? training
  const bottom = TOP + layers.length * ROW
  return {
    name: 'filter-gates',
    title: 'How often each filter was taken tuned',
    about: `a reconstruction; ${data.filters && routed ? `${count(routed.images, `${routed.split} image`)}, ` : ''}step ${context.step}`,
    question: 'Filters of each layer, the most used tuned ones first.',
    width,
    height: bottom + 18,
    drawing: [
      ...layers.map(({ layer, filters: n }, i) => {
        const own = filters[i]!
        const y = TOP + i * ROW
        const cell = (end - NAME) / Math.max(1, own.length)
        const middle = mean?.[i]
        return svg`<text class="name" text-anchor="end" x=${NAME - 10} y=${y + 10}>${cutStart(layer, 26)}<title>${layer}, ${n} filters</title></text>
          ${own.map((value, k) => svg`<rect fill=${share(value / 100, theme)} x=${NAME + k * cell} y=${y} width=${cell + 0.3} height=${ROW - 3}></rect>`)}
          ${middle === undefined ? svg`` : svg`<line class="median" x1=${NAME + (middle / 100) * (end - NAME)} x2=${NAME + (middle / 100) * (end - NAME)} y1=${y - 1} y2=${y + ROW - 2}></line><text text-anchor="end" x=${width - 4} y=${y + 10}>${middle} %</text>`}`
      }),
      svg`<text class="tick" x=${NAME} y=${bottom + 12}>filters, most used first</text><text class="tick" text-anchor="end" x=${width - 4} y=${bottom + 12}>mean</text>`,
    ],
    spots: layers.map(({ layer, block, filters: n }, i) => {
      const own = filters[i]!
      const cell = (end - NAME) / Math.max(1, own.length)
      return own.map((value, k) => ({
        x: NAME + k * cell,
        y: TOP + i * ROW,
        width: cell,
        height: ROW - 3,
        name: layer,
        facts: [
          ['block', block],
          ['filter, by use', filtersAt(k, own.length, n)],
          ['taken tuned', `${value} % of images`],
          ...(training ? ([['last training step', `${training[i]} % tuned`]] as [string, string][]) : []),
          ...(stateNorm ? ([['recurrent state', number(stateNorm[i])]] as [string, string][]) : []),
          ...(normDistance[i] === null || normDistance[i] === undefined
            ? []
            : ([['batch norms apart', `${number(normDistance[i])} σ`]] as [string, string][])),
        ],
      }))
    }),
    legend: [
      { kind: 'scale', from: '0 %, pre-trained', to: '100 %, tuned', colour: (t) => share(t, theme) },
      { kind: 'tick', colour: 'var(--fg)', words: 'mean use, on an axis from 0 to 100 %' },
    ],
    notes: onTheFence === undefined ? [] : [`Gates on the fence (p between 0.4 and 0.6): ${onTheFence} %.`],
    table: {
      columns: [
        'layer',
        'block',
        'stage',
        'filters',
        'mean',
        'in training',
        'state norm',
        'norm distance',
        'rank',
        'tuned',
      ],
      rows: layers.flatMap(({ layer, block, stage, filters: n }, i) =>
        filters[i]!.map((value, k) => [
          ...[layer, block, stage, n, mean?.[i], training?.[i], stateNorm?.[i], normDistance[i]],
          ...[k + 1, value],
        ]),
      ),
    },
  }
}

function figures(data: AdaFilterPicture, context: ViewContext): Figure[] {
  const { layers, routed, ablations } = data
  const columns = layers.map(({ layer, stage }) => ({ label: layer, stage }))
  const mean = routed && routed.percent.reduce((a, b) => a + b, 0) / Math.max(1, routed.percent.length) / 100
  return [
    usage(data, context),
    ...(routed
      ? [
          classFigure(routed, columns, words, context),
          ...(routed.samples.length > 0
            ? [
                sampleFigure(routed, columns, words, context, [
                  `Mean over layers and images: ${fixed(mean!, 2)} tuned.`,
                ]),
              ]
            : []),
        ]
      : []),
    ...(ablations && ablations.length > 0 ? [ablationFigure(ablations, context)] : []),
  ]
}

export const views: PictureView[] = [
  {
    picture: 'gates',
    images: ({ routed }: AdaFilterPicture) =>
      routed && { split: routed.split, paths: routed.samples.map(({ path }) => path) },
    figures,
  },
]
