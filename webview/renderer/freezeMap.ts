import { LitElement, html, nothing, unsafeCSS } from 'lit'
import { customElement, property, query, state } from 'lit/decorators.js'
import type { FreezeMapDisplay } from '../../src/extension/protocol'
import { cssColour, ember, type Theme } from '../colour'
import { number } from '../format'
import { hatch, triangle } from '../map/draw'
import { measures, shade } from '../map/measures'
import { ticks } from '../map/ticks'
import shared from '../shared.css'
import { styled } from '../styled'
import own from './freezeMap.css'
import tables from '../table.css'

type Row = FreezeMapDisplay['rows'][number]

const AXIS = 20
const HEIGHTS = { stage: 13, block: 11, layer: 8 } as const
const GAP = 1

interface Spot {
  row: number
  column: number
}

/** Layers by steps in an output: what was declared and what happened, as in the panel's map. */
@customElement('thaw-small-map')
export class SmallMap extends LitElement {
  static override styles = [unsafeCSS(shared), unsafeCSS(tables), unsafeCSS(own)]

  @property({ attribute: false }) data!: FreezeMapDisplay
  @property({ type: Number }) width = 600
  @property() theme: Theme = 'dark'
  /** Steps that the axis spans; default: those of the map. */
  @property({ attribute: false }) range?: { from: number; to: number }
  @property({ type: Boolean }) legend = true
  @property({ type: Boolean }) titled = true
  @state() private spot?: Spot
  @query('canvas') private canvas!: HTMLCanvasElement
  @query('.scale') private scaleBar?: HTMLCanvasElement

  private get label(): number {
    const longest = this.data.rows.reduce((most, { name }) => Math.max(most, name.length), 0)
    return Math.min(160, 14 + longest * 6.2)
  }

  private get rowHeight(): number {
    return HEIGHTS[this.data.by]
  }

  private get bottom(): number {
    return this.data.rows.length * (this.rowHeight + GAP)
  }

  /** Steps of a column: after `start` up to `end`. */
  private span(column: number): [number, number] {
    const { steps } = this.data
    return [column > 0 ? steps[column - 1]! : Math.max(0, steps[0]! - 1), steps[column]!]
  }

  private get bounds(): { from: number; to: number } {
    const { steps, shared: common } = this.data
    const from = common ? 0 : steps.length > 0 ? this.span(0)[0] : 0
    return this.range ?? { from, to: steps.at(-1) ?? 1 }
  }

  private x(step: number): number {
    const { from, to } = this.bounds
    return this.label + ((step - from) / Math.max(1, to - from)) * (this.width - this.label - 8)
  }

  override updated(): void {
    this.paint()
  }

  override render() {
    const { data, width, bottom } = this
    return html`<figure>
      <figcaption>
        ${this.titled ? html`<b>${data.title}</b> <span class="dim">update ratio, measured every step</span>` : nothing}
        <span class="said" role="status">${this.spot ? this.words(this.spot) : nothing}</span>
      </figcaption>
      <div class="map" ${styled({ width: `${width}px`, height: `${bottom + AXIS}px` })}>
        <canvas aria-hidden="true"></canvas>
        <div
          class="grid"
          tabindex="0"
          role="application"
          aria-roledescription="freeze map"
          aria-label="${data.title}. Arrow keys move by row and by step; the same stands in the table below."
          @mousemove=${this.hover}
          @mouseleave=${() => (this.spot = undefined)}
          @blur=${() => (this.spot = undefined)}
          @keydown=${this.key}
          ${styled({ left: `${this.label}px`, width: `${width - this.label}px`, height: `${bottom}px` })}
        ></div>
        ${this.ring()}
      </div>
      ${this.legend ? this.legendRow() : nothing} ${this.table()}
    </figure>`
  }

  private ring() {
    if (!this.spot) return nothing
    const [start, end] = this.span(this.spot.column)
    const left = Math.max(this.label, this.x(start))
    return html`<div
      class="ring"
      ${styled({
        left: `${left - 1}px`,
        top: `${this.spot.row * (this.rowHeight + GAP) - 1}px`,
        width: `${Math.max(3, this.x(end) - left) + 2}px`,
        height: `${this.rowHeight + 2}px`,
      })}
    ></div>`
  }

  private legendRow() {
    const { ends, unit } = measures.updateRatio
    const alarm = this.data.rows.some((row) =>
      row.moved.some((moved, i) => moved === true && !row.training[i]),
    )
    return html`<div class="legend small">
      <span>${unit} ${ends[0]}<canvas class="scale" aria-hidden="true"></canvas>${ends[1]}</span>
      <span><i class="hatch"></i>frozen, and did not move: checked at every step</span>
      ${alarm ? html`<span class="error">▲ moved although it was declared frozen</span>` : nothing}
    </div>`
  }

  /** The last step of each row, for who would rather read. */
  private table() {
    const { rows, steps } = this.data
    if (steps.length === 0) return nothing
    const last = steps.length - 1
    return html`<details>
      <summary class="small dim">As a table</summary>
      <div class="scroll" tabindex="0" role="region" aria-label="${this.data.title} as a table">
        <table>
          <thead>
            <tr>
              <th scope="col">${{ stage: 'Stage', block: 'Block', layer: 'Layer' }[this.data.by]}</th>
              <th scope="col">At step ${steps[last]}</th>
              <th scope="col">Effective</th>
              <th scope="col" class="number">Update ratio</th>
              <th scope="col">Frozen at steps</th>
            </tr>
          </thead>
          <tbody>
            ${rows.map(
              (row) =>
                html`<tr>
                  <th scope="row">${row.name}</th>
                  <td class=${row.training[last] ? 'ember' : 'ice'}>
                    ${row.training[last] ? 'training' : 'frozen'}
                  </td>
                  <td class=${isAlarm(row, last) ? 'error' : ''}>${effect(row, last)}</td>
                  <td class="number">${number(row.update[last])}</td>
                  <td>${this.frozenSpans(row)}</td>
                </tr>`,
            )}
          </tbody>
        </table>
      </div>
    </details>`
  }

  private frozenSpans(row: Row): string {
    const spans: string[] = []
    let start: number | undefined
    row.training.forEach((training, i) => {
      if (!training) start ??= this.span(i)[0] + 1
      const over = training ? i - 1 : i === row.training.length - 1 ? i : undefined
      if (start === undefined || over === undefined || over < 0) return
      const end = this.data.steps[over]!
      spans.push(start === end ? `${start}` : `${start} to ${end}`)
      start = undefined
    })
    return spans.join(', ') || 'none'
  }

  private words({ row, column }: Spot): string {
    const one = this.data.rows[row]!
    const [start, end] = this.span(column)
    const steps = end - start > 1 ? `steps ${start + 1} to ${end}` : `step ${end}`
    const declared = one.training[column] ? 'declared training' : 'declared frozen'
    return `${one.name}, ${steps}: ${declared}, ${effect(one, column)}, update ratio ${number(one.update[column])}`
  }

  private hover = (event: MouseEvent): void => {
    const { offsetX, offsetY } = event
    const { from, to } = this.bounds
    const step = from + (offsetX / (this.width - this.label - 8)) * (to - from)
    const row = Math.floor(offsetY / (this.rowHeight + GAP))
    const column = this.data.steps.findIndex((end, i) => step <= end && step > this.span(i)[0])
    this.spot = this.data.rows[row] && column >= 0 ? { row, column } : undefined
  }

  private key = (event: KeyboardEvent): void => {
    const { rows, steps } = this.data
    if (steps.length === 0 || rows.length === 0) return
    const { row, column } = this.spot ?? { row: 0, column: steps.length - 1 }
    const within = (value: number, count: number) => Math.min(count - 1, Math.max(0, value))
    const next: Record<string, Spot> = {
      ArrowUp: { row: row - 1, column },
      ArrowDown: { row: row + 1, column },
      ArrowLeft: { row, column: column - 1 },
      ArrowRight: { row, column: column + 1 },
      Home: { row, column: 0 },
      End: { row, column: steps.length - 1 },
    }
    const found = next[event.key]
    if (!found) return
    // the notebook would move to another cell
    event.preventDefault()
    event.stopPropagation()
    this.spot = { row: within(found.row, rows.length), column: within(found.column, steps.length) }
  }

  private paint(): void {
    const { data, width, bottom, label, theme } = this
    const scale = Math.max(1, devicePixelRatio || 1)
    const g = sized(this.canvas, width, bottom + AXIS, scale)
    const colour = (name: string) => cssColour(name, this)
    const [ice, err, fg, dim] = ['--ice', '--err', '--fg', '--dim'].map(colour) as [
      string,
      string,
      string,
      string,
    ]
    const frozen = hatch(g, colour('--ice-hatch'), scale)
    const snap = (value: number) => Math.round(value * scale) / scale
    const height = this.rowHeight
    const font = colour('--ui')
    g.font = `11px ${font}`
    data.rows.forEach((row, index) => {
      const y = index * (height + GAP)
      const named = data.by !== 'layer' || row.stage !== data.rows[index - 1]?.stage
      if (named) {
        g.fillStyle = fg
        g.textAlign = 'right'
        g.fillText(
          shorten(data.by === 'layer' ? row.stage : row.name),
          label - 10,
          y + Math.min(height, 11) - 1,
        )
      }
      data.steps.forEach((_, column) => {
        const [start, end] = this.span(column)
        if (end <= (data.shared?.until ?? 0)) return
        const x0 = snap(Math.max(label, this.x(start)))
        const x1 = snap(this.x(end))
        if (x1 <= x0) return
        const update = row.update[column] ?? null
        if (row.moved[column] === false && !row.training[column]) {
          g.fillStyle = frozen
          g.fillRect(x0, y, x1 - x0, height)
          g.fillStyle = ice
          g.fillRect(x0, y, x1 - x0, 1.5)
        } else if (update !== null) {
          g.fillStyle = ember(shade(update, 'updateRatio'), theme)
          g.fillRect(x0, y, x1 - x0, height)
        }
      })
      this.paintAlarms(g, row, y, err)
    })
    this.paintShared(g, dim, font)
    for (const { step } of data.marks) {
      const x = Math.round(this.x(step)) + 0.5
      if (x < label) continue
      g.fillStyle = fg
      g.fillRect(x - 0.75, 0, 1.5, bottom - GAP)
    }
    g.fillStyle = dim
    g.font = `11px ${font}`
    const { from, to } = this.bounds
    const marks = ticks(to, width - label, from)
    marks.forEach((step, i) => {
      g.textAlign = i === marks.length - 1 && this.x(step) > width - 20 ? 'right' : 'center'
      g.fillText(step.toLocaleString('en'), g.textAlign === 'right' ? width - 2 : this.x(step), bottom + 14)
    })
    if (this.scaleBar) {
      const bar = sized(this.scaleBar, 96, 8, scale)
      for (let x = 0; x < 96; x++) {
        bar.fillStyle = ember(x / 95, theme)
        bar.fillRect(x, 0, 1.5, 8)
      }
    }
  }

  private paintAlarms(g: CanvasRenderingContext2D, row: Row, y: number, err: string): void {
    const first = row.moved.findIndex((_, i) => isAlarm(row, i))
    if (first < 0) return
    const last = row.moved.findLastIndex((_, i) => isAlarm(row, i))
    const x0 = this.x(this.span(first)[0])
    const x1 = this.x(this.span(last)[1])
    g.strokeStyle = err
    g.lineWidth = 1.5
    g.strokeRect(x0 + 0.75, y + 0.75, Math.max(3, x1 - x0 - 1.5), this.rowHeight - 1.5)
    triangle(g, this.label - 4, y + this.rowHeight / 2, err)
  }

  /** A fork's steps before it began are its parent's. */
  private paintShared(g: CanvasRenderingContext2D, dim: string, font: string): void {
    const { shared: common } = this.data
    if (!common || common.until <= this.bounds.from) return
    const [x0, x1] = [this.label, this.x(common.until)]
    g.strokeStyle = dim
    g.lineWidth = 1
    g.setLineDash([3, 3])
    g.strokeRect(x0 + 0.5, 0.5, Math.max(2, x1 - x0 - 4), this.bottom - GAP - 1)
    g.setLineDash([])
    g.font = `11px ${font}`
    g.textAlign = 'center'
    g.fillStyle = dim
    const words = [`steps 1 to ${common.until} are ${common.with}’s own`, `${common.with}’s`]
    const fits = words.find((text) => g.measureText(text).width < x1 - x0 - 16)
    if (fits) g.fillText(fits, (x0 + x1) / 2 - 2, this.bottom / 2 + 4)
  }
}

const isAlarm = (row: Row, column: number): boolean => row.moved[column] === true && !row.training[column]

const effect = (row: Row, column: number): string => {
  const moved = row.moved[column] ?? null
  if (moved === null) return 'not measured'
  return moved ? (row.training[column] ? 'moved' : '▲ moved') : 'did not move'
}

const shorten = (name: string): string => (name.length > 24 ? `…${name.slice(-23)}` : name)

function sized(
  canvas: HTMLCanvasElement,
  width: number,
  height: number,
  scale: number,
): CanvasRenderingContext2D {
  canvas.width = width * scale
  canvas.height = height * scale
  canvas.style.width = `${width}px`
  canvas.style.height = `${height}px`
  const g = canvas.getContext('2d')!
  g.setTransform(scale, 0, 0, scale, 0, 0)
  return g
}
