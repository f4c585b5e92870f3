import { svg } from 'lit'
import type { FitNetsPicture } from '../../../src/events/pictures/fitnets'
import { count, fixed, number } from '../../format'
import type { Figure } from '../../plot/figure'
import { linearScale } from '../../plot/scales'
import type { PictureView, ViewContext } from '../types'

/** How much of each channel of the hint the student has learned. */
function hint(
  { hint: teacher, guided, error, explained, channels }: FitNetsPicture,
  context: ViewContext,
): Figure {
  const { width } = context
  const [left, end, top, bottom] = [52, width - 150, 10, 200]
  // a channel far worse than its mean would flatten all others; while little is learned, 1 is far away
  const low = Math.max(-1, Math.min(0, ...channels))
  const high = Math.min(1, Math.max(0.2, 1.25 * Math.max(explained, ...channels)))
  const y = linearScale(low, high, bottom, top, (value) => fixed(value, 1))
  const step = (end - left) / Math.max(1, channels.length)
  const at = (value: number) => y.at(Math.max(low, value))
  return {
    name: 'hint',
    title: "How much of the teacher's map is learned",
    about: `step ${context.step}, eight training images`,
    question: `${guided} of the student learns ${teacher} of the teacher: variance explained, channel by channel; 1 is all of it.`,
    width,
    height: bottom + 24,
    drawing: [
      svg`${y.ticks.map(({ value, text }) => svg`<line class=${Math.abs(value) < 1e-9 ? 'base' : 'grid'} x1=${left} x2=${end} y1=${y.at(value)} y2=${y.at(value)}></line><text class="tick" text-anchor="end" x=${left - 8} y=${y.at(value) + 4}>${text}</text>`)}`,
      ...channels.map(
        (value, i) =>
          svg`<rect class=${value >= 0 ? 'ember' : 'ice'} x=${left + i * step} y=${Math.min(at(value), y.at(0))} width=${Math.max(0.6, step - (step > 3 ? 1 : 0.2))} height=${Math.max(0.5, Math.abs(at(value) - y.at(0)))}></rect>`,
      ),
      svg`<line class="other" x1=${left} x2=${end} y1=${at(explained)} y2=${at(explained)}></line>
      <text class="strong" x=${end + 10} y=${at(explained) + 4}>all ${fixed(explained, 2)}</text>
      <text class="tick" x=${left} y=${bottom + 18}>channels, best learned first</text>`,
    ],
    spots: [
      channels.map((value, i) => ({
        x: left + i * step,
        y: top,
        width: step,
        height: bottom - top,
        name: `Channel ${i + 1} of ${channels.length} shown`,
        facts: [
          ['variance explained', fixed(value, 3)],
          ['reading', value >= 0 ? 'learned in part' : "worse than the channel's mean"],
        ],
      })),
    ],
    legend: [
      { kind: 'box', colour: 'var(--ember)', words: 'learned' },
      { kind: 'box', colour: 'var(--ice)', words: "worse than the channel's mean" },
      { kind: 'dash', colour: 'var(--fg)', words: 'all channels together' },
    ],
    notes: [
      `Mean square error ${number(error)}. ${count(channels.filter((value) => value < low).length, 'channel')} below the axis.`,
    ],
    table: { columns: ['rank', 'explained'], rows: channels.map((value, i) => [i + 1, value]) },
  }
}

export const views: PictureView[] = [
  {
    picture: 'hint',
    figures: (data: FitNetsPicture, context) => (data.channels.length > 0 ? [hint(data, context)] : []),
  },
]
