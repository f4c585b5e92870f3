import { nothing, svg, html } from 'lit'
import type { LayerHistory } from '../../src/extension/protocol'
import type { Range } from '../axis'
import { number } from '../format'
import { measures, type Choice } from '../map/measures'

const [LEFT, WIDTH, HEIGHT] = [40, 236, 92]

/** A layer's measure over the whole run, on a logarithmic axis; gaps where nothing was measured or it was 0. */
export function historyPicture(
  history: LayerHistory,
  shown: Exclude<Choice, 'declared'>,
  steps: number,
  selection?: Range,
) {
  const values = history.high[shown] ?? []
  const seen = values.filter((value): value is number => value !== null && value > 0)
  if (seen.length === 0)
    return html`<p class="dim small">
      ${measures[shown].label} is 0 at every measured step: the layer does not move.
    </p>`
  const low = Math.floor(Math.log10(Math.min(...seen)))
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...seen))))
  const x = (step: number) => LEFT + (step / Math.max(1, steps)) * WIDTH
  const y = (value: number) => 4 + (1 - (Math.log10(value) - low) / (high - low)) * HEIGHT
  const points = values.map((value, i) => ({ step: history.to[i]!, value }))
  const path = points.reduce((text, { step, value }, i) => {
    if (value === null || value <= 0) return text
    const before = points[i - 1]?.value
    return `${text}${before !== undefined && before !== null && before > 0 ? 'L' : 'M'}${x(step).toFixed(1)} ${y(value).toFixed(1)}`
  }, '')
  const powers = Array.from({ length: high - low + 1 }, (_, i) => low + i).filter(
    (power) => high - low <= 4 || power === low || power === high,
  )
  return html`<svg
    data-picture="history"
    width="284"
    height="120"
    role="img"
    aria-label="${measures[shown].label} over the run, last ${number(seen.at(-1))}"
  >
    ${selection ? svg`<rect class="shade" x=${x(selection.from)} y="4" width=${Math.max(1, x(selection.to) - x(selection.from))} height=${HEIGHT}></rect>` : nothing}
    ${powers.map((power) => svg`<line class="grid" x1=${LEFT} x2=${LEFT + WIDTH} y1=${y(10 ** power)} y2=${y(10 ** power)}></line><text class="tick" text-anchor="end" x=${LEFT - 5} y=${y(10 ** power) + 4}>${number(10 ** power)}</text>`)}
    <path class="line" d=${path}></path>
    ${[0, Math.round(steps / 2), steps].map((step) => svg`<text class="tick" text-anchor="middle" x=${x(step)} y="112">${step.toLocaleString('en')}</text>`)}
  </svg>`
}
