import { LitElement, html, nothing, unsafeCSS, type PropertyValues } from 'lit'
import { customElement, property, query, state } from 'lit/decorators.js'
import type { LayerMeasure } from '../../src/events/types'
import type { LayerWindow } from '../../src/extension/protocol'
import { createAxis, panned, zoomed, type Axis, type Range } from '../axis'
import type { Theme } from '../colour'
import '../curves/curves'
import { INSPECTOR } from '../inspector/inspector'
import '../map/map'
import type { FreezeMap } from '../map/map'
import { choices, type Choice } from '../map/measures'
import type { Host } from '../panel/host'
import type { PanelState } from '../panel/state'
import { toggleLayer } from '../panel/toggle'
import shared from '../shared.css'
import { styled } from '../styled'
import own from './training.css'

/** What the section wants back. */
export interface TrainingKept {
  range?: Range
  inspected?: number
}

/** Curves above the freeze map on one axis of steps; both are zoomed, panned and brushed together. */
@customElement('thaw-training')
export class Training extends LitElement {
  static override styles = [unsafeCSS(shared), unsafeCSS(own)]

  @property({ attribute: false }) data!: PanelState
  @property({ attribute: false }) host!: Host
  @property() theme: Theme = 'dark'
  @property({ type: Number }) width = 900
  @state() private range?: Range
  @state() private selection?: Range
  @state() private window?: LayerWindow
  @state() private choice: Choice = 'updateRatio'
  @state() private table = false
  @state() private folds: Record<string, boolean> = {}
  @state() private crosshair?: number
  @state() private inspected?: number
  @query('thaw-map') private map?: FreezeMap

  private axis: Axis = createAxis(900, 1)
  /** The state with the window of layers; the same object until one of them changes, so that charts are not fed in vain. */
  private shown!: PanelState
  private asked = ''

  override connectedCallback(): void {
    super.connectedCallback()
    const { measure, table = false, folds = {}, sections = {} } = this.host.remembered()
    this.choice = choices.find((choice) => choice === measure) ?? 'updateRatio'
    this.table = table
    this.folds = folds
    const kept = (sections.training ?? {}) as TrainingKept
    this.range = kept.range
    this.inspected = kept.inspected
  }

  override willUpdate(changed: PropertyValues): void {
    if (changed.has('data') || changed.has('window')) this.shown = { ...this.data, window: this.window }
    const { head } = this.data
    const steps = Math.max(head?.steps ?? 1, head?.step ?? 1)
    const layer = this.inspected === undefined ? undefined : this.data.run?.layers[this.inspected]
    const width = this.width - (layer ? INSPECTOR : 0)
    const { range } = this
    const same =
      this.axis.steps === Math.max(1, steps) &&
      this.axis.width === createAxis(width, steps).width &&
      !changed.has('range')
    if (!same) this.axis = createAxis(width, steps, range)
    this.askWindow()
  }

  /** Asks for the layers at the view's own resolution: 4 pixels a column. */
  private askWindow(): void {
    const { measured, run, attempt } = this.data
    if (!run || measured.step === 0) return
    const { axis } = this
    const columns = Math.max(16, Math.floor((axis.right - axis.left) / 4))
    const shown: LayerMeasure = this.choice === 'declared' ? 'updateRatio' : this.choice
    const [from, to] = [
      Math.floor(axis.from),
      Math.ceil(Math.max(axis.to, measured.step * Number(!this.range))),
    ]
    const want = [attempt, measured.step, shown, columns, from, to].join('/')
    if (want === this.asked) return
    this.asked = want
    const measures = [...new Set<LayerMeasure>([shown, 'moved', 'distance'])]
    void this.host.ask({ type: 'window', measures, from, to, columns }).then(
      ({ window }) => {
        // answers come out of order when the view changes fast
        if (want === this.asked) this.window = window
      },
      (error: unknown) => console.error(error),
    )
  }

  /** Jumps to the first alarm, from the button at the top. */
  showAlarm(): void {
    this.map?.showAlarm()
  }

  private keep(): void {
    const { range, inspected } = this
    const sections = {
      ...this.host.remembered().sections,
      training: { range, inspected } satisfies TrainingKept,
    }
    this.host.remember({ sections })
  }

  private zoomTo(range: Range | undefined): void {
    this.range = range
    this.keep()
  }

  private wheel = (event: WheelEvent): void => {
    const { axis } = this
    const sideways = event.shiftKey ? event.deltaY : event.deltaX
    if (event.ctrlKey || event.metaKey) {
      const box = (event.currentTarget as HTMLElement).getBoundingClientRect()
      this.zoomTo(zoomed(axis, 1.0015 ** event.deltaY, axis.step(event.clientX - box.left)))
    } else if (sideways !== 0 && this.range)
      this.zoomTo(panned(axis, (sideways / (axis.right - axis.left)) * (axis.to - axis.from)))
    else return
    event.preventDefault()
  }

  private zoomBy(factor: number): void {
    if (factor === 0) return this.zoomTo(undefined)
    const { axis } = this
    this.zoomTo(zoomed(axis, factor, this.crosshair ?? (axis.from + axis.to) / 2))
  }

  private inspect(layer: number | undefined): void {
    this.inspected = layer
    this.keep()
  }

  private choose(choice: Choice): void {
    this.choice = choice
    this.host.remember({ measure: choice })
  }

  private fold({ stage, folded }: { stage: string; folded: boolean }): void {
    this.folds = { ...this.folds, [stage]: folded }
    this.host.remember({ folds: this.folds })
  }

  private showTable(table: boolean): void {
    this.table = table
    this.host.remember({ table })
  }

  override render() {
    const { axis, theme, crosshair, selection } = this
    const data = this.shown
    const { run } = data
    if (!run) return nothing
    const inspected =
      this.inspected !== undefined && this.inspected < run.layers.length ? this.inspected : undefined
    return html`<div class="columns">
      <div class="body" ${styled({ width: `${axis.width}px` })} @wheel=${this.wheel}>
        <thaw-curves
          .data=${this.data}
          .axis=${axis}
          .host=${this.host}
          ?zoomed=${this.range !== undefined}
          theme=${theme}
          @crosshair=${(event: CustomEvent<number | undefined>) => (this.crosshair = event.detail)}
          @brush=${(event: CustomEvent<Range | undefined>) => (this.selection = event.detail)}
          @zoom-by=${(event: CustomEvent<number>) => this.zoomBy(event.detail)}
        ></thaw-curves>
        <thaw-map
          .data=${data}
          .axis=${axis}
          .host=${this.host}
          .selection=${selection}
          .inspected=${inspected}
          ?zoomed=${this.range !== undefined}
          theme=${theme}
          choice=${this.choice}
          .folds=${this.folds}
          ?table=${this.table}
          @choice=${(event: CustomEvent<Choice>) => this.choose(event.detail)}
          @fold=${(event: CustomEvent<{ stage: string; folded: boolean }>) => this.fold(event.detail)}
          @table=${(event: CustomEvent<boolean>) => this.showTable(event.detail)}
          @crosshair=${(event: CustomEvent<number | undefined>) => (this.crosshair = event.detail)}
          @brush=${(event: CustomEvent<Range | undefined>) => (this.selection = event.detail)}
          @zoom=${(event: CustomEvent<Range | undefined>) => this.zoomTo(event.detail)}
          @zoom-by=${(event: CustomEvent<number>) => this.zoomBy(event.detail)}
          @inspect=${(event: CustomEvent<number | undefined>) => this.inspect(event.detail)}
          @toggle-layer=${(event: CustomEvent<number>) => toggleLayer(this.data, this.host, event.detail)}
        ></thaw-map>
        ${selection ? this.shade(selection) : nothing}
        ${
          crosshair === undefined || crosshair < axis.from || crosshair > axis.to
            ? nothing
            : html`<div class="cross" ${styled({ left: `${axis.x(crosshair)}px` })}></div>`
        }
      </div>
      ${
        inspected === undefined
          ? nothing
          : html`<thaw-inspector
              .data=${data}
              .host=${this.host}
              .layer=${inspected}
              .selection=${selection}
              theme=${theme}
              elsewhere="network"
              @close=${() => this.inspect(undefined)}
              @toggle-layer=${(event: CustomEvent<number>) => toggleLayer(this.data, this.host, event.detail)}
            ></thaw-inspector>`
      }
    </div>`
  }

  private shade({ from, to }: Range) {
    const { axis } = this
    const left = Math.max(axis.left, axis.x(from))
    const right = Math.min(axis.right, axis.x(to))
    if (right <= left) return nothing
    return html`<div class="shade" ${styled({ left: `${left}px`, width: `${right - left}px` })}></div>`
  }
}
