import { LitElement, html, nothing, unsafeCSS } from 'lit'
import { customElement, query, state } from 'lit/decorators.js'
import type { LayerMeasure } from '../../src/events/types'
import type { Answer, Command, ToPanel } from '../../src/extension/protocol'
import { createAxis, type Axis } from '../axis'
import { themeOf, type Theme } from '../colour'
import '../curves/curves'
import { count } from '../format'
import { icon } from '../icons'
import '../map/map'
import type { FreezeMap } from '../map/map'
import { choices, type Choice } from '../map/measures'
import '../compare/compare'
import '../predictions/predictions'
import '../tabs'
import shared from '../shared.css'
import { styled } from '../styled'
import './header'
import { Host } from './host'
import own from './panel.css'
import { cursorOf, emptyState, reduce, type PanelState } from './state'

const tabs = [
  { id: 'training', title: 'Training' },
  { id: 'predictions', title: 'Predictions' },
  { id: 'compare', title: 'Compare' },
] as const
type Section = (typeof tabs)[number]['id']

/** The run's panel: asks the host for what is new, holds it, hands it to header, curves and map. */
@customElement('thaw-panel')
export class Panel extends LitElement {
  static override styles = [unsafeCSS(shared), unsafeCSS(own)]

  @state() private data: PanelState = emptyState()
  @state() private axis: Axis = createAxis(900, 1)
  @state() private theme: Theme = themeOf()
  @state() private choice: Choice
  @state() private table: boolean
  @state() private folds: Record<string, boolean>
  @state() private crosshair?: number
  @state() private section: Section
  @state() private compared: readonly string[]
  @query('thaw-map') private map?: FreezeMap

  private readonly host = new Host()
  private asked = ''
  private width = 900
  private resize = new ResizeObserver(([entry]) => this.measure(entry!.contentRect.width))
  private themeWatch = new MutationObserver(() => (this.theme = themeOf()))

  constructor() {
    super()
    const { measure, table = false, folds = {}, section, sections = {} } = this.host.remembered()
    this.section = tabs.find(({ id }) => id === section)?.id ?? 'training'
    this.compared = Array.isArray(sections.compare) ? (sections.compare as string[]) : []
    this.choice = choices.find((choice) => choice === measure) ?? 'updateRatio'
    this.table = table
    this.folds = folds
    this.host.listen((message) => this.take(message))
  }

  override connectedCallback(): void {
    super.connectedCallback()
    this.resize.observe(this)
    this.themeWatch.observe(document.body, {
      attributes: true,
      attributeFilter: ['class', 'data-vscode-theme-id'],
    })
    this.host.remember({ folder: document.body.dataset.run ?? '' })
    this.host.catchUp()
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    this.resize.disconnect()
    this.themeWatch.disconnect()
  }

  /** Steps of the loss line, as drawn: what a test of re-attachment compares. */
  get steps(): readonly number[] {
    return this.data.lines.loss?.steps ?? []
  }

  private take(message: Exclude<ToPanel, Answer>): void {
    if (message.type === 'changed') return this.host.catchUp(cursorOf(this.data))
    this.data = reduce(this.data, message)
    if (message.type !== 'update') return
    this.measure(this.width)
    this.askWindow()
  }

  private measure(width: number): void {
    this.width = width
    const steps = Math.max(this.data.head?.steps ?? 1, this.data.head?.step ?? 1)
    if (this.axis.steps === Math.max(1, steps) && this.axis.width === createAxis(width, steps).width) return
    this.axis = createAxis(width, steps)
    this.askWindow()
  }

  /** Asks for the layers at the view's own resolution: 4 pixels a column. */
  private askWindow(): void {
    const { measured, run, attempt } = this.data
    if (!run || measured.step === 0) return
    const columns = Math.max(16, Math.floor((this.axis.right - this.axis.left) / 4))
    const shown: LayerMeasure = this.choice === 'declared' ? 'updateRatio' : this.choice
    const want = `${attempt}/${measured.step}/${shown}/${columns}`
    if (want === this.asked) return
    this.asked = want
    const measures = [...new Set<LayerMeasure>([shown, 'moved', 'distance'])]
    void this.loadWindow(want, measures, Math.max(run.steps, measured.step), columns)
  }

  private async loadWindow(
    want: string,
    measures: LayerMeasure[],
    to: number,
    columns: number,
  ): Promise<void> {
    const { window } = await this.host.ask({ type: 'window', measures, from: 0, to, columns })
    // answers come out of order when the view changes fast
    if (want === this.asked) this.data = { ...this.data, window }
  }

  private show(section: Section): void {
    this.section = section
    this.host.remember({ section })
  }

  private compare(folders: string[]): void {
    this.compared = folders
    this.host.remember({ sections: { ...this.host.remembered().sections, compare: folders } })
  }

  private choose(choice: Choice): void {
    this.choice = choice
    this.host.remember({ measure: choice })
    this.askWindow()
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
    const { data } = this
    const alarms = data.marks.filter((mark) => mark.kind === 'alarm')
    const layers = new Set(alarms.map((mark) => mark.layer))
    return html`
      <main>
        <thaw-header
          .run=${data.run}
          .head=${data.head}
          .answer=${data.answer}
          @command=${(event: CustomEvent<Command>) => this.host.control(event.detail)}
        ></thaw-header>
        <div class="line">
          <thaw-tabs
            label="Sections of the run"
            .tabs=${tabs}
            chosen=${this.section}
            @choose=${(event: CustomEvent<Section>) => this.show(event.detail)}
          ></thaw-tabs>
          ${
            alarms.length > 0
              ? html`<button
                  class="plain alarm"
                  title=${alarms[0]!.text}
                  @click=${() => this.map?.showAlarm()}
                >
                  ${icon('warn')}${
                    layers.has(undefined)
                      ? count(alarms.length, 'alarm')
                      : `${count(layers.size, 'frozen layer')} moved`
                  }
                </button>`
              : nothing
          }
        </div>
        ${this.body()}
      </main>
    `
  }

  private body() {
    const { data, axis, theme, host } = this
    switch (data.run ? this.section : 'training') {
      case 'predictions':
        return html`<thaw-predictions .data=${data} .host=${host} theme=${theme}></thaw-predictions>`
      case 'compare':
        return html`<thaw-compare
          .data=${data}
          .host=${host}
          .chosen=${this.compared}
          theme=${theme}
          @compare=${(event: CustomEvent<string[]>) => this.compare(event.detail)}
        ></thaw-compare>`
      case 'training':
        return html`${
          data.run
            ? html`<div class="body">
                <thaw-curves .data=${data} .axis=${axis} theme=${theme}></thaw-curves>
                <thaw-map
                  .data=${data}
                  .axis=${axis}
                  theme=${theme}
                  choice=${this.choice}
                  .folds=${this.folds}
                  ?table=${this.table}
                  @choice=${(event: CustomEvent<Choice>) => this.choose(event.detail)}
                  @fold=${(event: CustomEvent<{ stage: string; folded: boolean }>) => this.fold(event.detail)}
                  @table=${(event: CustomEvent<boolean>) => this.showTable(event.detail)}
                  @crosshair=${(event: CustomEvent<number | undefined>) => (this.crosshair = event.detail)}
                ></thaw-map>
                ${
                  this.crosshair === undefined
                    ? nothing
                    : html`<div class="cross" ${styled({ left: `${axis.x(this.crosshair)}px` })}></div>`
                }
              </div>`
            : html`<p class="wait">
                The trainer is starting. The curves and the freeze map appear with its first step.
              </p>`
        }`
    }
  }
}
