import { LitElement, html, nothing, unsafeCSS } from 'lit'
import { customElement, property, query, state } from 'lit/decorators.js'
import type { Axis, Range } from '../axis'
import { followPress } from '../brush'
import { clamp, cssColour, ember, type Theme } from '../colour'
import { icon } from '../icons'
import { base64Of, type Exportable } from '../export'
import '../exportMenu'
import type { ShowLayer } from '../inspector/inspector'
import type { Host } from '../panel/host'
import type { PanelState } from '../panel/state'
import shared from '../shared.css'
import { styled } from '../styled'
import tables from '../table.css'
import tip from '../tip.css'
import { drawMap, type MapPicture } from './draw'
import { foldedAtFirst, layoutRows, type Group, type Row } from './layout'
import own from './map.css'
import { choices, measures, type Choice } from './measures'
import { readCell, type Reading } from './reading'
import { SvgPen } from './svgPen'
import { layerTable } from './table'
import { columnAt, greatest, spanOf } from './truth'

const PHASES = 0
const EVENTS = 22
const TOP = 40
const AXIS = 26

interface Spot {
  row: string
  column: number
}

/** Layers by steps: what was declared and what happened. */
@customElement('thaw-map')
export class FreezeMap extends LitElement {
  static override styles = [unsafeCSS(shared), unsafeCSS(tables), unsafeCSS(tip), unsafeCSS(own)]

  @property({ attribute: false }) data!: PanelState
  @property({ attribute: false }) axis!: Axis
  @property() theme: Theme = 'dark'
  @property() choice: Choice = 'updateRatio'
  @property({ attribute: false }) folds: Record<string, boolean> = {}
  @property({ type: Boolean }) table = false
  @property({ attribute: false }) host!: Host
  /** Brushed steps: updates after `from` up to `to`. */
  @property({ attribute: false }) selection?: Range
  @property({ attribute: false }) inspected?: number
  @property({ type: Boolean }) zoomed = false
  @state() private spot?: Spot
  @query('canvas') private canvas?: HTMLCanvasElement
  @query('.scale') private scaleBar?: HTMLCanvasElement

  private groups: Group[] = []
  private bottom = TOP

  private get rows(): Row[] {
    return this.groups.flatMap((group) => group.rows)
  }

  private atFirst: { layers?: unknown; folded: Set<string> } = { folded: new Set() }

  private isFolded = (stage: string): boolean => {
    const { run, marks } = this.data
    if (this.atFirst.layers !== run!.layers)
      this.atFirst = { layers: run!.layers, folded: foldedAtFirst(run!.layers, run!.phases) }
    const alarmed = marks.some((mark) => mark.layer !== undefined && run!.layers[mark.layer]?.stage === stage)
    return this.folds[stage] ?? (!alarmed && this.atFirst.folded.has(stage))
  }

  override render() {
    const { data, axis } = this
    const run = data.run
    if (!run) return nothing
    if (run.layers.length === 0) return html`<div class="empty">This run has no layers to show.</div>`
    const { groups, height } = layoutRows(run.layers, this.isFolded, TOP)
    this.groups = groups
    this.bottom = TOP + height
    return html`
      ${this.toolbar()}
      <div class="stage" ${styled({ height: `${this.bottom + AXIS}px`, width: `${axis.width}px` })}>
        <canvas aria-hidden="true"></canvas>
        ${groups.map((group) => this.foldButton(group))}
        <div
          class="grid"
          tabindex="0"
          role="application"
          aria-roledescription="freeze map"
          aria-label="Freeze map. Arrow keys move by layer and by measured step, Home and End to the first and last, Shift with left or right brushes a range, Z zooms to it, plus and minus zoom, 0 shows the whole run, Enter opens the layer, F freezes or thaws it, G shows it in the graph of layers, P to the next phase, A to the next alarm, T for the same as a table."
          aria-describedby="said"
          ${styled({
            left: `${axis.left}px`,
            top: `${TOP - 2}px`,
            width: `${axis.right - axis.left}px`,
            height: `${this.bottom - TOP + 2}px`,
          })}
          @mousemove=${this.hover}
          @mousedown=${this.press}
          @mouseleave=${() => this.point(undefined)}
          @keydown=${this.key}
        ></div>
        ${this.readout()}
      </div>
      ${this.legend()}
      ${
        this.table && data.window && data.window.to.length > 0
          ? layerTable(run, data.window, this.choice, data.marks, data.window.to.length - 1)
          : nothing
      }
    `
  }

  private toolbar() {
    return html`<div class="bar">
      <h2>Freeze map</h2>
      <div class="choice" role="radiogroup" aria-label="Measure shown by colour" @keydown=${this.choiceKey}>
        ${choices.map(
          (choice) =>
            html`<button
              role="radio"
              aria-checked=${choice === this.choice ? 'true' : 'false'}
              tabindex=${choice === this.choice ? 0 : -1}
              @click=${() => this.tell('choice', choice)}
            >
              ${measures[choice].label}
            </button>`,
        )}
      </div>
      ${this.steps()}
      <button
        class="plain push"
        aria-pressed=${this.table ? 'true' : 'false'}
        title="The same as a table (T)"
        @click=${() => this.tell('table', !this.table)}
      >
        ${icon('table')}Table
      </button>
      <thaw-export .host=${this.host} what="freeze map" .picture=${() => this.export()}></thaw-export>
    </div>`
  }

  /** The brushed range, and the way into it and out. */
  private steps() {
    const { selection, zoomed, axis } = this
    if (!selection && !zoomed) return nothing
    const [from, to] = selection
      ? [selection.from + 1, selection.to]
      : [Math.ceil(axis.from), Math.floor(axis.to)]
    return html`<span class="steps" data-part="range">
      <span class="dim">Steps</span> <b>${Math.round(from)} to ${Math.round(to)}</b>
      ${
        selection
          ? html`<button class="plain" title="Zoom to these steps (Z)" @click=${() => this.zoomIn()}>
                Zoom
              </button>
              <button
                class="plain"
                aria-label="Drop the range"
                title="Drop the range (Escape)"
                @click=${() => this.tell('brush', undefined)}
              >
                ${icon('close')}
              </button>`
          : nothing
      }
      ${zoomed ? html`<button class="plain" title="Show the whole run (0)" @click=${() => this.tell('zoom-by', 0)}>Whole run</button>` : nothing}
    </span>`
  }

  private zoomIn(): void {
    if (!this.selection) return
    this.tell('zoom', this.selection)
    this.tell('brush', undefined)
  }

  private foldButton(group: Group) {
    if (group.layers.length === 1)
      return html`<span
        class="fold"
        ${styled({ top: `${group.y + 1}px`, cursor: 'default', 'padding-left': '15px' })}
        >${group.stage}</span
      >`
    return html`<button
      class="fold"
      ${styled({ top: `${group.y + 1}px` })}
      aria-expanded=${group.folded ? 'false' : 'true'}
      aria-label="Stage ${group.stage}, ${group.layers.length} layers"
      @click=${() => this.tell('fold', { stage: group.stage, folded: !group.folded })}
    >
      ${icon(group.folded ? 'right' : 'down')}${group.stage}
    </button>`
  }

  private legend() {
    const { unit, ends } = measures[this.choice]
    const { every, recording } = this.data.measured
    return html`<div class="legend">
      ${
        this.choice === 'declared'
          ? nothing
          : html`<span
              >${unit} ${ends[0]}<canvas class="scale" width="224" height="16" aria-hidden="true"></canvas
              >${ends[1]}</span
            >`
      }
      <span><i class="hatch"></i>frozen, did not move</span>
      <span><i class="line frozen"></i>declared frozen</span>
      <span><i class="line training"></i>declared training</span>
      ${
        this.data.marks.some((mark) => mark.kind === 'checkpoint')
          ? html`<span><i class="diamond"></i>checkpoint</span>`
          : nothing
      }
      <span class="push"
        >${
          every > 0
            ? `measured every ${every === 1 ? 'step' : `${every} steps`}${recording === undefined ? '' : `, ${(100 * recording).toFixed(1)} % of time`}`
            : 'no layer measured yet'
        }</span
      >
    </div>`
  }

  private reading(): Reading | undefined {
    const { run, window } = this.data
    const row = this.rows.find((one) => one.key === this.spot?.row)
    if (!run || !window || !row || !this.spot || this.spot.column >= window.to.length) return undefined
    return readCell(run, window, this.choice, row.label, row.layers, this.spot.column)
  }

  private readout() {
    const reading = this.reading()
    const { axis } = this
    const row = this.rows.find((one) => one.key === this.spot?.row)
    if (!reading || !row || !this.spot) return html`<div id="said" role="status" class="tip" hidden></div>`
    const [start, end] = spanOf(this.data.window!, this.spot.column, this.data.measured.every)
    const x0 = axis.x(start)
    const x1 = Math.max(x0 + 2, axis.x(end))
    // beside the cell, or beside its middle where it is wide
    const [before, after] = x1 - x0 > 120 ? [(x0 + x1) / 2, (x0 + x1) / 2] : [x0, x1]
    const fits = after + 240 < axis.width
    return html`
      <div
        class="cell"
        ${styled({ left: `${x0}px`, top: `${row.y}px`, width: `${x1 - x0}px`, height: `${row.height}px` })}
      ></div>
      <div
        id="said"
        class="tip"
        role="status"
        ${styled({
          left: `${fits ? after + 12 : Math.max(0, before - 228)}px`,
          top: `${Math.max(TOP, Math.min(row.y + 14, this.bottom - 100))}px`,
        })}
      >
        <b>${reading.name}</b>
        <dl>
          <dt>Step</dt>
          <dd>${reading.step}</dd>
          <dt>${reading.measure.label}</dt>
          <dd class="strong">${reading.measure.value}</dd>
          <dt>Declared</dt>
          <dd class=${reading.declared.training ? 'ember' : 'ice'}>${reading.declared.words}</dd>
          <dt>Effective</dt>
          <dd class=${reading.effective.alarm ? 'error strong' : ''}>${reading.effective.words}</dd>
          <dt>Moved so far</dt>
          <dd>${reading.distance}</dd>
        </dl>
      </div>
    `
  }

  private frame = 0

  /** Once a frame, however often the axis and the answers of the host change within one. */
  override updated(): void {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0
      this.paintMap()
      this.paintScale()
    })
  }

  private picture(scale: number): MapPicture {
    const { axis, data } = this
    return {
      run: data.run!,
      groups: this.groups,
      window: data.window && data.window.to.length > 0 ? data.window : undefined,
      choice: this.choice,
      marks: data.marks,
      theme: this.theme,
      now: data.head?.step ?? 0,
      every: data.measured.every,
      axis,
      phases: PHASES,
      events: EVENTS,
      top: TOP,
      bottom: this.bottom,
      scale,
    }
  }

  /** What the last picture was painted of: moving the pointer changes none of it. */
  private painted: unknown[] = []

  private paintMap(): void {
    const { canvas, axis, data } = this
    const g = canvas?.getContext('2d')
    if (!canvas || !g || !data.run) return
    const scale = Math.max(1, devicePixelRatio || 1)
    const of = [canvas, axis, data, this.theme, this.choice, this.folds, scale]
    if (of.every((one, i) => one === this.painted[i])) return
    this.painted = of
    const height = this.bottom + AXIS
    canvas.width = axis.width * scale
    canvas.height = height * scale
    canvas.style.width = `${axis.width}px`
    canvas.style.height = `${height}px`
    g.setTransform(scale, 0, 0, scale, 0, 0)
    g.clearRect(0, 0, axis.width, height)
    drawMap(g, this.picture(scale))
  }

  private paintScale(): void {
    const g = this.scaleBar?.getContext('2d')
    if (!g) return
    for (let x = 0; x < 224; x++) {
      g.fillStyle = ember(x / 223, this.theme)
      g.fillRect(x, 0, 1, 16)
    }
  }

  private hover = (event: MouseEvent): void => {
    const { window } = this.data
    if (!window || window.to.length === 0) return
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect()
    const y = event.clientY - box.top + TOP - 2
    const step = this.axis.step(event.clientX - box.left + this.axis.left)
    const far = (row: Row) => Math.abs(row.y + row.height / 2 - y)
    const row = this.rows.reduce((best, one) => (far(one) < far(best) ? one : best))
    this.point({ row: row.key, column: columnAt(window, Math.ceil(step)) })
  }

  /** A drag brushes steps; a press without one opens the layer. */
  private press = (event: MouseEvent): void => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect()
    const { axis } = this
    followPress(event, (x) => clamp(axis.step(x - box.left + axis.left), axis.from, axis.to), {
      brush: (range) => this.tell('brush', range),
      click: () => this.inspect(),
    })
  }

  private get layerAtSpot(): number | undefined {
    const row = this.rows.find((one) => one.key === this.spot?.row)
    // of a folded stage the layer that moves most is meant
    const { window } = this.data
    if (!row || row.layers.length === 1 || !window || !this.spot) return row?.layers[0]
    const value = (layer: number) => greatest(window, 'updateRatio', [layer], this.spot!.column) || 0
    return row.layers.reduce((best, layer) => (value(layer) > value(best) ? layer : best))
  }

  private inspect(): void {
    const layer = this.layerAtSpot
    if (layer !== undefined) this.tell('inspect', layer)
  }

  private showInGraph(): void {
    const layer = this.layerAtSpot
    if (layer !== undefined) this.tell('show-layer', { section: 'network', layer } satisfies ShowLayer)
  }

  /** Shift+arrow: the range from where it began to the cell that the key went to. */
  private brushFrom: number | undefined
  private brushTo(column: number, before: number): void {
    const window = this.data.window!
    this.brushFrom ??= before
    const [first, last] = [this.brushFrom, column].sort((a, b) => a - b) as [number, number]
    const [from] = spanOf(window, first, this.data.measured.every)
    this.tell('brush', { from, to: window.to[last]! })
  }

  private simpleKey(key: string): boolean {
    const done: Record<string, () => void> = {
      t: () => this.tell('table', !this.table),
      z: () => this.zoomIn(),
      '+': () => this.tell('zoom-by', 0.5),
      '=': () => this.tell('zoom-by', 0.5),
      '-': () => this.tell('zoom-by', 2),
      '0': () => this.tell('zoom-by', 0),
      enter: () => this.inspect(),
      g: () => this.showInGraph(),
      f: () => this.layerAtSpot !== undefined && this.tell('toggle-layer', this.layerAtSpot),
    }
    const act = done[key.toLowerCase()]
    act?.()
    return act !== undefined
  }

  private key = (event: KeyboardEvent): void => {
    const { window, run, marks } = this.data
    const rows = this.rows
    if (!event.ctrlKey && !event.metaKey && !event.altKey && this.simpleKey(event.key))
      return event.preventDefault()
    if (!window || !run || window.to.length === 0) return
    let row = Math.max(
      0,
      rows.findIndex((one) => one.key === this.spot?.row),
    )
    let column = this.spot?.column ?? window.to.length - 1
    const last = window.to.length - 1
    const before = column
    switch (event.key) {
      case 'ArrowUp':
        row--
        break
      case 'ArrowDown':
        row++
        break
      case 'ArrowLeft':
        column--
        break
      case 'ArrowRight':
        column++
        break
      case 'Home':
        column = 0
        break
      case 'End':
        column = last
        break
      case 'Escape':
        if (this.selection) this.tell('brush', undefined)
        else this.tell('inspect', undefined)
        return this.point(undefined)
      case 'p':
      case 'P': {
        const next = run.phases.find(
          (phase) => phase.from >= window.to[column]! && phase.from < window.to[last]!,
        )
        column = next ? columnAt(window, next.from + 1) : 0
        break
      }
      case 'a':
      case 'A': {
        const alarms = marks.filter((mark) => mark.kind === 'alarm' && mark.layer !== undefined)
        const next = alarms.find((mark) => mark.step > window.to[column]!) ?? alarms[0]
        if (!next) return
        row = rows.findIndex((one) => one.layers.includes(next.layer!))
        column = columnAt(window, next.step)
        break
      }
      default:
        return
    }
    event.preventDefault()
    if (event.shiftKey && column !== before) this.brushTo(clamp(column, 0, last), before)
    else this.brushFrom = undefined
    this.point({ row: rows[clamp(row, 0, rows.length - 1)]!.key, column: clamp(column, 0, last) })
  }

  /** Jumps to the first alarm, from the button at the top. */
  showAlarm(): void {
    this.renderRoot.querySelector<HTMLElement>('.grid')?.focus()
    this.key(new KeyboardEvent('keydown', { key: 'a' }))
  }

  /** The picture as it stands, and the window's numbers of all layers. */
  private export(): Exportable | undefined {
    const { run, window } = this.data
    if (!run || !window) return undefined
    const measure = this.choice === 'declared' ? 'updateRatio' : this.choice
    const columns = window.to.length
    return {
      name: `freeze-map-${measure}`,
      svg: () => this.drawing(),
      png: () => base64Of(this.canvas!),
      rows: () => [
        ['layer', 'stage', 'from step', 'to step', measure, 'moved', 'distance'],
        ...run.layers.flatMap((layer, i) =>
          Array.from({ length: columns }, (_, c) => {
            const value = (name: keyof typeof window.values) => window.values[name]?.[i * columns + c]
            return [
              layer.name,
              layer.stage,
              window.from[c],
              window.to[c],
              value(measure),
              value('moved'),
              value('distance'),
            ]
          }),
        ),
      ],
    }
  }

  /** The same strokes as on the canvas, as a drawing. */
  private drawing(): string {
    const pen = new SvgPen(document.createElement('canvas').getContext('2d') ?? undefined)
    drawMap(pen as unknown as CanvasRenderingContext2D, this.picture(1))
    const ground = getComputedStyle(document.body).backgroundColor
    return pen.document(this.axis.width, this.bottom + AXIS, ground, cssColour('--ice-hatch'))
  }

  private choiceKey = (event: KeyboardEvent): void => {
    const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key]
    if (!by) return
    event.preventDefault()
    const next = choices[(choices.indexOf(this.choice) + by + choices.length) % choices.length]!
    this.tell('choice', next)
    void this.updateComplete.then(() =>
      this.renderRoot.querySelector<HTMLElement>('.choice [aria-checked=true]')?.focus(),
    )
  }

  /** The panel draws the crosshair through all tracks. */
  private point(spot: Spot | undefined): void {
    this.spot = spot
    const { window } = this.data
    const [start, end] = spot && window ? spanOf(window, spot.column, this.data.measured.every) : []
    this.tell('crosshair', start === undefined ? undefined : (start + end!) / 2)
  }

  private tell(name: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }))
  }
}
