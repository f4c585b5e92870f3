import { html, svg } from 'lit'
import { number } from '../format'

const [LEFT, WIDTH, HEIGHT] = [58, 218, 72]

/** Channels sorted by how far their running mean went, in standard deviations of w0; ice below 0, ember above. */
export function driftPicture(drift: readonly number[]) {
  const most = Math.max(...drift.map(Math.abs))
  if (most === 0)
    return html`<p class="dim small">No running mean has moved: every channel is where it was in w0.</p>`
  const y = (value: number) => 4 + (1 - (value + most) / (2 * most)) * HEIGHT
  const width = WIDTH / drift.length
  const median = drift[Math.floor(drift.length / 2)]!
  return html`<svg
    data-picture="drift"
    width="284"
    height="100"
    role="img"
    aria-label="Drift of the running mean by channel, median ${number(median)} standard deviations"
  >
    ${[most, 0, -most].map((value) => svg`<line class="grid" x1=${LEFT} x2=${LEFT + WIDTH} y1=${y(value)} y2=${y(value)}></line><text class="tick" text-anchor="end" x=${LEFT - 5} y=${y(value) + 4}>${value === 0 ? '0' : `${value > 0 ? '+' : ''}${number(value)} σ`}</text>`)}
    ${drift.map((value, i) => svg`<rect class=${value < 0 ? 'below' : 'above'} x=${LEFT + i * width} y=${Math.min(y(0), y(value))} width=${Math.max(0.5, width - 0.3)} height=${Math.abs(y(value) - y(0))}></rect>`)}
    <text class="tick" x=${LEFT} y="94">channels, sorted; median ${number(median)} σ</text>
  </svg>`
}
