import { html } from 'lit'
import type { CurvesDisplay, FreezeMapDisplay, StepOutput } from '../../src/extension/protocol'
import type { Theme } from '../colour'
import { fixed, number } from '../format'
import './curves'
import { facts } from './facts'
import './freezeMap'

/** What training steps did: numbers, loss, and a freeze map by stage; grows while they are taken. */
export function stepsView(output: StepOutput, width: number, theme: Theme) {
  const { steps, loss, accuracy, ms, planned, name, strategy, live, asked } = output
  const last = steps.length - 1
  const range = steps.length === 1 ? `${steps[0]}` : `${steps[0]} to ${steps[last]}`
  const done = asked === undefined ? '' : `, ${done_(output)} of ${asked} asked for`
  const chart = Math.min(300, Math.max(220, width * 0.28))
  const beside = width >= chart + 380
  const map = beside ? width - chart - 24 : width
  return html`<section
    class="thaw-step"
    aria-label="Training steps ${range}"
    aria-busy=${live ? 'true' : 'false'}
  >
    ${facts([
      { label: 'Run', value: name, more: strategy === name ? '' : strategy },
      {
        label: steps.length === 1 ? 'Step' : 'Steps',
        value: range,
        more: `of ${planned}${live ? done : ''}`,
      },
      { label: 'Loss', value: number(loss[last]), more: steps.length > 1 ? `from ${number(loss[0])}` : '' },
      { label: 'Training accuracy', value: shown(accuracy[last]), more: 'this batch' },
      { label: 'Time', value: `${fixed(ms / 1000, 2)} s`, more: 'a step' },
    ])}
    <div class="beside">
      ${
        steps.length > 1
          ? html`<thaw-lines
              .data=${lossOf(output)}
              .width=${beside ? chart : width}
              theme=${theme}
            ></thaw-lines>`
          : ''
      }
      <thaw-small-map
        .data=${mapOf(output)}
        .width=${steps.length > 1 ? map : Math.min(width, 420)}
        theme=${theme}
      ></thaw-small-map>
    </div>
  </section>`
}

const done_ = ({ steps, done, asked }: StepOutput): number =>
  Math.min(asked ?? Infinity, done - steps[0]! + 1)
const shown = (value: number | null | undefined): string =>
  value === null || value === undefined ? 'not measured' : fixed(value, 2)

function lossOf({ steps, loss, parts }: StepOutput): CurvesDisplay {
  const names = Object.keys(parts)
  const lines =
    names.length > 1
      ? names.map((name) => ({ name, steps, values: parts[name]! }))
      : [{ name: names[0] ?? 'loss', steps, values: loss }]
  const values = lines.flatMap((line) => line.values).filter((value) => value !== null)
  const scale = values.every((value) => value > 0) ? 'log' : 'linear'
  return { v: 1, title: 'Loss', marks: [], panels: [{ title: 'Loss', scale, lines }] }
}

function mapOf({ steps, stages }: StepOutput): FreezeMapDisplay {
  return {
    v: 1,
    title: 'Freeze map',
    by: 'stage',
    steps,
    marks: [],
    rows: stages.map(({ name, training, trained, update, moved }) => ({
      ...{ name, stage: name, update, moved },
      // where it is not known from when on something is frozen, what moved was not
      training: trained ?? steps.map((_, i) => training || moved[i] === true),
    })),
  }
}
