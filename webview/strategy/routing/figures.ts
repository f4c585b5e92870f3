import { nothing, svg } from 'lit'
import type { RoutedImages, RoutingAblation } from '../../../src/events/pictures/routing'
import { share } from '../../colour'
import { count, cut, fixed } from '../../format'
import type { Figure, Spot } from '../../plot/figure'
import { intervalFigure, measuredOf } from '../../plot/intervals'
import type { ViewContext } from '../types'

/** What a gate decides on: a block, or the filters of a layer. */
export interface Column {
  label: string
  stage: string
}

interface Words {
  /** `block`, `layer`. */
  one: string
  many: string
}

const [NAME, TOP, ROW, BARS] = [104, 34, 22, 26]

/** Runs of columns of the same stage, with a short name. */
function stagesOf(columns: readonly Column[]) {
  const found: { stage: string; from: number; to: number }[] = []
  columns.forEach(({ stage }, i) => {
    const last = found.at(-1)
    if (last?.stage === stage) last.to = i + 1
    else found.push({ stage, from: i, to: i + 1 })
  })
  return found
}

/** Share of images (or filters) that took the tuned side, by class and column; below, of all images. */
export function classFigure(
  routed: RoutedImages,
  columns: readonly Column[],
  words: Words,
  context: ViewContext,
): Figure {
  const { width, theme } = context
  const end = width - 12
  const cell = (end - NAME) / Math.max(1, columns.length)
  const gap = cell > 6 ? 1 : 0
  const { byClass, percent, images, split } = routed
  const bottom = TOP + byClass.length * ROW + 8
  const stages = stagesOf(columns)
  // all names in full, or all by their number
  const full = stages.every(({ stage, from, to }) => (to - from) * cell > 7 * Math.min(8, stage.length))
  const short = (stage: string) => stage.replace(/^\D+/, '') || cut(stage, 2)
  const spot = (row: string, y: number, height: number, values: readonly number[], of: number): Spot[] =>
    values.map((value, k) => ({
      x: NAME + k * cell,
      y,
      width: cell,
      height,
      name: row,
      facts: [
        [words.one, columns[k]?.label ?? ''],
        ['tuned', `${value} %`],
        ['of', count(of, 'image')],
      ],
    }))
  return {
    name: 'routing-classes',
    title: 'Routes by class',
    about: `${count(images, `${split} image`)}, step ${context.step}`,
    question: `Which ${words.many} does an image run tuned, and does that depend on its class?`,
    width,
    height: bottom + BARS + 8,
    drawing: [
      svg`<text class="tick" text-anchor="end" x=${NAME - 10} y="14">stage</text>
      ${stages.map(({ stage, from, to }) => {
        const [a, b] = [NAME + from * cell, NAME + to * cell - 3]
        return svg`${b - a > 12 ? svg`<text class="tick" text-anchor="middle" x=${(a + b) / 2} y="14">${full ? cut(stage, Math.max(2, Math.floor((b - a) / 6.4))) : short(stage)}<title>${stage}</title></text>` : nothing}<line class="base" x1=${a} x2=${b} y1="22" y2="22"></line>`
      })}`,
      ...byClass.map(({ class: name, percent: own }, i) => {
        const y = TOP + i * ROW
        return svg`<text text-anchor="end" x=${NAME - 10} y=${y + 14}>${cut(name, 14)}<title>${name}</title></text>
          ${own.map((value, k) => svg`<rect fill=${share(value / 100, theme)} x=${NAME + k * cell} y=${y} width=${cell - gap} height=${ROW - 1}></rect>`)}`
      }),
      svg`<text text-anchor="end" x=${NAME - 10} y=${bottom + 17}>all</text>
      ${percent.map(
        (
          value,
          k,
        ) => svg`<rect fill=${share(0, theme)} fill-opacity="0.35" x=${NAME + k * cell} y=${bottom} width=${cell - gap} height=${BARS}></rect>
        <rect class="ember" x=${NAME + k * cell} y=${bottom + BARS * (1 - value / 100)} width=${cell - gap} height=${(BARS * value) / 100}></rect>`,
      )}`,
    ],
    spots: [
      ...byClass.map(({ class: name, percent: own, images: n }, i) =>
        spot(name, TOP + i * ROW, ROW - 1, own, n),
      ),
      spot('all images', bottom, BARS, percent, images),
    ],
    legend: [{ kind: 'scale', from: '0 % tuned', to: '100 % tuned', colour: (t) => share(t, theme) }],
    table: {
      columns: ['class', 'images', ...columns.map(({ label }) => label)],
      rows: [
        ...byClass.map(({ class: name, images: n, percent: own }) => [name, n, ...own]),
        ['all', images, ...percent],
      ],
    },
  }
}

const PICTURE = 36

/** Single images and the route of each, with the images themselves. */
export function sampleFigure(
  routed: RoutedImages,
  columns: readonly Column[],
  words: Words,
  context: ViewContext,
  notes: string[],
): Figure {
  const { width, theme } = context
  const { samples, images } = routed
  const across = width > 620 ? 2 : 1
  const lane = width / across
  const row = 48
  const left = PICTURE + 10
  const step = Math.min(16, (lane - left - 64) / Math.max(1, columns.length))
  const box = Math.max(1, step - (step > 4 ? 3 : 0.4))
  const whole = samples.every(({ percent }) => percent.every((value) => value === 0 || value === 100))
  const missing = samples.filter(({ path }) => context.image(path) === undefined).length
  const place = (i: number) => ({ x: (i % across) * lane, y: Math.floor(i / across) * row })
  const tuned = (own: readonly number[]) =>
    whole
      ? `${own.filter((value) => value === 100).length}`
      : `${Math.round(own.reduce((a, b) => a + b, 0) / Math.max(1, own.length))} %`
  return {
    name: 'routing-images',
    title: 'Routes by image',
    about: `${samples.length} of ${count(images, 'image')}`,
    question: whole
      ? `Filled: tuned, hollow: pre-trained; the number is how many of ${columns.length} ${words.many} ran tuned.`
      : `Shade: share of a ${words.one}'s filters taken tuned; the number is their mean.`,
    width,
    height: Math.ceil(samples.length / across) * row,
    drawing: samples.map(({ path, class: name, percent: own }, i) => {
      const { x, y } = place(i)
      const image = context.image(path)
      return svg`${
        image
          ? svg`<rect fill="#ffffff" x=${x} y=${y + 2} width=${PICTURE} height=${PICTURE} rx="2"></rect><image href=${image} x=${x} y=${y + 2} width=${PICTURE} height=${PICTURE}></image>`
          : svg`<rect class="cut" x=${x + 0.5} y=${y + 2.5} width=${PICTURE - 1} height=${PICTURE - 1} rx="2"></rect>`
      }
        <text x=${x + left} y=${y + 13}>${cut(name, 22)}</text>
        ${own.map((value, k) => {
          const cx = x + left + k * step
          if (!whole || box < 5)
            return svg`<rect fill=${share(value / 100, theme)} x=${cx} y=${y + 20} width=${box} height="13"></rect>`
          return value === 100
            ? svg`<rect class="ember" x=${cx} y=${y + 20} width=${box} height=${box} rx="2"></rect>`
            : svg`<rect class="hollow-ice" x=${cx + 0.7} y=${y + 20.7} width=${box - 1.4} height=${box - 1.4} rx="2"></rect>`
        })}
        <text class="strong" x=${x + left + own.length * step + 8} y=${y + 31}>${tuned(own)}</text>`
    }),
    spots: Array.from({ length: Math.ceil(samples.length / across) }, (_, r) =>
      samples.slice(r * across, (r + 1) * across).map((sample, c) => {
        const { x, y } = place(r * across + c)
        const image = context.image(sample.path)
        const on = sample.percent.flatMap((value, k) => (value >= 50 ? [columns[k]?.label ?? ''] : []))
        return {
          x,
          y,
          width: lane - 12,
          height: row - 6,
          name: sample.path,
          facts: [
            ['class', sample.class],
            ['tuned', whole ? `${tuned(sample.percent)} of ${columns.length}` : tuned(sample.percent)],
            [whole ? 'ran tuned' : 'mostly tuned', cut(on.join(', ') || 'none', 120)],
          ] as [string, string][],
          ...(image && { image }),
          opens: sample.path,
        }
      }),
    ),
    notes: [
      ...notes,
      ...(missing > 0
        ? [
            `${count(missing, 'image')} of these ${missing === 1 ? 'has' : 'have'} no small picture in the run folder.`,
          ]
        : []),
    ],
    table: {
      columns: ['image', 'class', ...columns.map(({ label }) => label)],
      rows: samples.map(({ path, class: name, percent: own }) => [path, name, ...own]),
    },
  }
}

const gateWords: Record<string, string> = {
  own: 'its own gates',
  sampled: 'gates drawn at random from the policy',
  'all-tuned': 'everything tuned',
  'all-frozen': 'everything pre-trained',
  random: 'random gates of the same share',
  shuffled: "another image's gates",
}

/** Accuracy under other gates: what the routing is worth. */
export function ablationFigure(ablations: readonly RoutingAblation[], context: ViewContext): Figure {
  const rows = ablations.map(({ gates, correct, images }) => ({
    gates,
    ...measuredOf({ name: gateWords[gates] ?? gates, correct, images, reference: gates === 'own' }),
  }))
  const own = rows.find(({ gates }) => gates === 'own')
  const shuffled = rows.find(({ gates }) => gates === 'shuffled')
  const apart = own && shuffled && (shuffled.high < own.accuracy || shuffled.low > own.accuracy)
  return {
    name: 'routing-ablations',
    title: 'What the routes are worth',
    about: rows[0] ? count(rows[0].images, 'image') : '',
    question: 'Accuracy of the final network under other gates than its own, on the same images.',
    ...intervalFigure(rows, context.width, 216, 'gates'),
    notes:
      own && shuffled
        ? [
            apart
              ? "With another image's gates the accuracy differs: the route depends on the image."
              : `With another image's gates: ${fixed(shuffled.accuracy)} against ${fixed(own.accuracy)}; not separated, so no sign that the image matters.`,
          ]
        : [],
  }
}
