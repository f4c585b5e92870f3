import { svg } from 'lit'
import type { DeltaPicture, FeatureDistances } from '../../../src/events/pictures/delta'
import { cutStart, fixed, number, percent } from '../../format'
import type { Figure, Spot } from '../../plot/figure'
import { logScale } from '../../plot/scales'
import type { PictureView, ViewContext } from '../types'
import { rankCorrelation, rankOf } from './model'

const [LEFT, RIGHT, TOP, ROW, BAR] = [172, 92, 8, 58, 44]

/** The layer's name and what is said below it, left of its row. */
const rowName = (layer: string, below: string, y: number) =>
  svg`<text class="name" text-anchor="end" x=${LEFT - 34} y=${y + 18}>${cutStart(layer, 20)}<title>${layer}</title></text>
    <text class="tick" text-anchor="end" x=${LEFT - 34} y=${y + 32}>${below}</text>`

function attention({ alpha, attention, recipe, layers }: DeltaPicture, context: ViewContext): Figure[] {
  const { width } = context
  const end = width - RIGHT
  // the same number of doublings above and below, so that 1 stands in the middle
  const far = Math.max(
    1,
    ...layers.flatMap(({ bars }) => bars.map((bar) => Math.abs(Math.log2(Math.max(bar, 1 / 16))))),
  )
  const doublings = Math.min(4, Math.ceil(far))
  const height = (value: number) =>
    (Math.max(-doublings, Math.min(doublings, Math.log2(Math.max(value, 1e-9)))) / doublings) * (BAR / 2)
  const spots: Spot[][] = []
  const drawing = layers.map(({ layer, channels, bars, perplexity }, i) => {
    const y = TOP + i * ROW
    const middle = y + BAR / 2
    const step = (end - LEFT) / bars.length
    spots.push(
      bars.map((bar, j) => ({
        x: LEFT + j * step,
        y,
        width: step,
        height: BAR,
        name: layer,
        facts: [
          ['channel, by attention', `${rankOf(j, bars.length, channels)} of ${channels}`],
          ['attention', `${number(bar)} × the mean`],
          ['held', bar >= 1 ? 'more than the mean' : 'less than the mean'],
        ],
      })),
    )
    return svg`${rowName(layer, `${channels} channels`, y)}
      ${[1, 0, -1].map((k) => svg`<line class=${k === 0 ? 'base' : 'grid'} x1=${LEFT} x2=${end} y1=${middle - k * (BAR / 2)} y2=${middle - k * (BAR / 2)}></line><text class="tick" text-anchor="end" x=${LEFT - 8} y=${middle - k * (BAR / 2) + 4}>${k === 0 ? '1' : k > 0 ? 2 ** doublings : `1/${2 ** doublings}`}</text>`)}
      ${bars.map((bar, j) => {
        const h = height(bar)
        return svg`<rect class=${bar >= 1 ? 'ice' : 'ember'} x=${LEFT + j * step} y=${h >= 0 ? middle - h : middle} width=${Math.max(0.6, step - (step > 3 ? 1 : 0.2))} height=${Math.max(0.5, Math.abs(h))}></rect>`
      })}
      <text class="strong" x=${end + 10} y=${middle}>${fixed(perplexity, 2)}</text>
      <text class="tick" x=${end + 10} y=${middle + 14}>perplexity</text>`
  })
  const bottom = TOP + layers.length * ROW
  const negative = layers.reduce((sum, one) => sum + one.negative * one.channels, 0)
  const all = layers.reduce((sum, one) => sum + one.channels, 0)
  const said = {
    filters: 'each filter set to zero in turn',
    gradient: 'one backward pass',
    uniform: 'uniform',
    given: 'given in a file',
  }
  return [
    {
      name: 'attention',
      title: 'Channel attention',
      about: `alpha ${number(alpha)}, ${layers.length} hooked layers, ${recipe} form`,
      question: 'Which channels are held to the pre-trained network? Flat at 1: attention does nothing.',
      width,
      height: bottom + 18,
      drawing: [
        ...drawing,
        svg`<text class="tick" x=${LEFT} y=${bottom + 10}>channels, by attention</text><text class="tick" text-anchor="end" x=${end} y=${bottom + 10}>C · W, 1 is the mean</text>`,
      ],
      spots,
      legend: [
        { kind: 'box', colour: 'var(--ice)', words: 'held more than the mean' },
        { kind: 'box', colour: 'var(--ember)', words: 'freer than the mean' },
      ],
      notes: [
        `Measured by ${said[attention]}. ${percent(all > 0 ? negative / all : 0)} of the channels have a negative loss difference: without them the loss falls. Perplexity is a share of the channels; 1 is flat.`,
      ],
      table: {
        columns: ['layer', 'stage', 'channels', 'perplexity', 'negative', 'rank', 'attention'],
        rows: layers.flatMap(({ layer, stage, channels, bars, perplexity, negative: share }) =>
          bars.map((bar, i) => [
            layer,
            stage,
            channels,
            perplexity,
            share,
            rankOf(i, bars.length, channels),
            bar,
          ]),
        ),
      },
    },
  ]
}

function featureDistance({ layers }: FeatureDistances, context: ViewContext): Figure[] {
  const { width } = context
  const end = width - RIGHT
  const moved = layers
    .flatMap(({ points }) => points.map(([, distance]) => distance))
    .filter((one) => one > 0)
  const spots: Spot[][] = []
  const drawing = layers.map(({ layer, mean, points }, i) => {
    const y = TOP + i * ROW
    const own = points.filter(([, distance]) => distance > 0)
    // each layer on an axis of its own: feature maps of different depth differ by orders of magnitude
    const scale = logScale(
      own.length > 0 ? Math.min(...own.map(([, d]) => d)) : 0.1,
      own.length > 0 ? Math.max(...own.map(([, d]) => d)) : 1,
      y + BAR,
      y,
    )
    const step = (end - LEFT) / points.length
    const correlation = rankCorrelation(points)
    spots.push(
      points.map(([attention, distance], j) => ({
        x: LEFT + j * step,
        y,
        width: step,
        height: BAR,
        name: layer,
        facts: [
          ['attention', `${number(attention)} × the mean`],
          ['mean square distance', number(distance)],
        ],
      })),
    )
    const ends = [scale.ticks[0]!, scale.ticks.at(-1)!]
    return svg`${rowName(layer, `mean ${number(mean)}`, y)}
      ${ends.map((tick) => svg`<line class="grid" x1=${LEFT} x2=${end} y1=${scale.at(tick.value)} y2=${scale.at(tick.value)}></line><text class="tick" text-anchor="end" x=${LEFT - 8} y=${scale.at(tick.value) + 4}>${tick.text}</text>`)}
      ${points.map(([attention, distance], j) => (distance > 0 ? svg`<circle class=${attention >= 1 ? 'ice' : 'ember'} cx=${LEFT + (j + 0.5) * step} cy=${scale.at(distance)} r="2.6"></circle>` : svg``))}
      <text class="strong" x=${end + 10} y=${y + BAR / 2}>${correlation === undefined ? '–' : `${correlation > 0 ? '+' : ''}${fixed(correlation, 2)}`}</text>
      <text class="tick" x=${end + 10} y=${y + BAR / 2 + 14}>rank corr.</text>`
  })
  const bottom = TOP + layers.length * ROW
  return [
    {
      name: 'feature-distance',
      title: 'Do held channels stay closer?',
      about: `step ${context.step}, eight training images`,
      question:
        'Distance of each channel of the feature map from the pre-trained network, the most held at the left.',
      width,
      height: bottom + 18,
      drawing: [
        ...drawing,
        svg`<text class="tick" x=${LEFT} y=${bottom + 10}>channels, by attention</text><text class="tick" text-anchor="end" x=${end} y=${bottom + 10}>mean square distance (log)</text>`,
      ],
      spots,
      legend: [
        { kind: 'box', colour: 'var(--ice)', words: 'held more than the mean' },
        { kind: 'box', colour: 'var(--ember)', words: 'freer than the mean' },
      ],
      notes: [
        moved.length === 0
          ? 'No feature map has moved yet.'
          : 'Rank correlation (Spearman) of attention with distance: below 0, channels that are held more stayed closer.',
      ],
      table: {
        columns: ['layer', 'stage', 'mean', 'attention', 'distance'],
        rows: layers.flatMap(({ layer, stage, mean, points }) =>
          points.map(([one, distance]) => [layer, stage, mean, one, distance]),
        ),
      },
    },
  ]
}

export const views: PictureView[] = [
  { picture: 'attention', figures: attention },
  { picture: 'feature-distance', figures: featureDistance },
]
