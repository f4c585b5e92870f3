import { html, svg } from 'lit'
import type { LayerWeights } from '../../src/events/artifacts'
import { number } from '../format'

const [LEFT, WIDTH, HEIGHT] = [8, 268, 84]

/** Histogram now, filled, under the outline of w0's, on one range. */
export function weightsPicture({ low, high, w0, now }: LayerWeights) {
  const most = Math.max(1, ...w0, ...now)
  const width = WIDTH / w0.length
  const y = (value: number) => 4 + (1 - value / most) * HEIGHT
  const outline = w0
    .map((value, i) => `L${(LEFT + i * width).toFixed(1)} ${y(value).toFixed(1)}h${width.toFixed(2)}`)
    .join('')
  return html`<svg
    data-picture="weights"
    width="284"
    height="108"
    role="img"
    aria-label="Histogram of the weights from ${number(low)} to ${number(high)}"
  >
    ${now.map((value, i) => svg`<rect class="now" x=${LEFT + i * width} y=${y(value)} width=${Math.max(0.5, width - 0.5)} height=${HEIGHT + 4 - y(value)}></rect>`)}
    <path class="then" d="M${LEFT} ${HEIGHT + 4}${outline}V${HEIGHT + 4}"></path>
    <text class="tick" x=${LEFT} y="102">${number(low)}</text>
    <text class="tick" text-anchor="middle" x=${LEFT + WIDTH / 2} y="102">${number((low + high) / 2)}</text>
    <text class="tick" text-anchor="end" x=${LEFT + WIDTH} y="102">${number(high)}</text>
  </svg>`
}
