import { LitElement, html, nothing, unsafeCSS, type PropertyValues } from 'lit'
import { customElement, property, state } from 'lit/decorators.js'
import type { LayerWeights, WeightTable } from '../../src/events/artifacts'
import type { LayerHistory } from '../../src/extension/protocol'
import type { Range } from '../axis'
import type { Theme } from '../colour'
import { drawingOf, type Exportable } from '../export'
import '../exportMenu'
import { count, number } from '../format'
import { icon } from '../icons'
import { measures, type Choice } from '../map/measures'
import { phaseAt } from '../map/truth'
import type { Host } from '../panel/host'
import type { PanelState } from '../panel/state'
import shared from '../shared.css'
import { driftPicture } from './drift'
import { historyPicture } from './history'
import own from './inspector.css'
import { weightsPicture } from './weights'

/** Its width in pixels, as in inspector.css: room that it takes beside another view. */
export const INSPECTOR = 316

/** A layer is to be shown in this section. */
export interface ShowLayer {
  section: 'network' | 'training'
  layer: number
}

/** One layer: what was declared, what happened, how its values lie, and the button that freezes or thaws it. */
@customElement('thaw-inspector')
export class Inspector extends LitElement {
  static override styles = [unsafeCSS(shared), unsafeCSS(own)]

  @property({ attribute: false }) data!: PanelState
  @property({ attribute: false }) host!: Host
  @property({ type: Number }) layer = 0
  @property({ attribute: false }) selection?: Range
  @property() theme: Theme = 'dark'
  /** The other section that shows the layer in its way. */
  @property() elsewhere?: 'network' | 'training'
  @state() private history?: LayerHistory
  @state() private weights?: WeightTable
  @state() private shown: Exclude<Choice, 'declared'> = 'updateRatio'

  private asked = ''
  private askedWeights = ''

  override willUpdate(changed: PropertyValues): void {
    if (!changed.has('data') && !changed.has('layer')) return
    const { attempt, measured, artifacts } = this.data
    const want = `${attempt}/${measured.step}/${this.layer}`
    if (want !== this.asked) {
      this.asked = want
      void this.host.ask({ type: 'layer', layer: this.layer, columns: 200 }).then(
        ({ history }) => want === this.asked && (this.history = history),
        () => (this.history = undefined),
      )
    }
    const stamp = `${attempt}/${artifacts['weights.json']}`
    if (artifacts['weights.json'] === undefined || stamp === this.askedWeights) return
    this.askedWeights = stamp
    void this.host.ask({ type: 'artifact', name: 'weights.json' }).then(
      ({ data }) => (this.weights = data as WeightTable),
      () => (this.weights = undefined),
    )
  }

  private get found(): LayerWeights | undefined {
    const name = this.data.run?.layers[this.layer]?.name
    return this.weights?.layers.find((one) => one.name === name)
  }

  override render() {
    const { run, head } = this.data
    const layer = run?.layers[this.layer]
    if (!run || !layer) return nothing
    const alive = head?.state === 'running' || head?.state === 'paused'
    return html`<aside aria-label="Layer ${layer.name}">
      <div class="title">
        <h2 class="mono">${layer.name}</h2>
        <button
          class="plain"
          aria-label="Close the layer"
          title="Close (Escape)"
          @click=${() => this.tell('close')}
        >
          ${icon('close')}
        </button>
      </div>
      <p class="dim small">
        ${[layer.stage, layer.block, layer.kind, count(layer.parameters, 'weight')].filter(Boolean).join(' · ')}
        ${layer.batchNorm ? html`· batch norm` : nothing}
      </p>
      ${this.alarm()} ${this.facts()} ${this.historySection()} ${this.weightSection()} ${this.driftSection()}
      <div class="actions">
        ${
          alive
            ? html`<vscode-button data-part="toggle" @click=${() => this.tell('toggle-layer', this.layer)}>
                ${this.trainsNow ? 'Freeze this layer' : 'Thaw this layer'}
              </vscode-button>`
            : nothing
        }
        ${
          this.elsewhere
            ? html`<vscode-button
                appearance="secondary"
                data-part="elsewhere"
                @click=${() => this.tell('show-layer', { section: this.elsewhere!, layer: this.layer } satisfies ShowLayer)}
              >
                ${this.elsewhere === 'network' ? 'Show in graph' : 'Show on map'}
              </vscode-button>`
            : nothing
        }
      </div>
    </aside>`
  }

  private get trainsNow(): boolean {
    const { run, head } = this.data
    return run!.phases[head?.phase.current ?? -1]?.declared[this.layer]?.training === true
  }

  private alarm() {
    const alarms = this.data.marks.filter(({ kind, layer }) => kind === 'alarm' && layer === this.layer)
    if (alarms.length === 0) return nothing
    return html`<div class="alarm" role="note">
      ${icon('warn')}
      <div>${alarms.map(({ text, step }) => html`<p>Step ${step}: ${text}</p>`)}</div>
    </div>`
  }

  private facts() {
    const { run, marks, head } = this.data
    const { phases } = run!
    const trained = phases.filter(({ declared }) => declared[this.layer]?.training)
    const words =
      trained.length === 0
        ? 'frozen in every phase'
        : trained.length === phases.length
          ? 'training in every phase'
          : `training in ${count(trained.length, 'phase')} of ${phases.length}`
    const mode = phaseAt(phases, Math.max(1, head?.step ?? 1))?.declared[this.layer]?.batchNorm
    const alarm = marks.find(({ kind, layer }) => kind === 'alarm' && layer === this.layer)
    const distance = this.history?.high.distance?.findLast((value) => value !== null)
    const moved = distance ? 'moved' : 'did not move'
    return html`<dl>
      <dt>Declared</dt>
      <dd><i class=${trained.length === 0 ? 'frozen' : 'training'}></i>${words}</dd>
      <dt>Effective</dt>
      <dd class=${alarm ? 'error strong' : ''}>
        ${alarm ? `moved, seen at step ${alarm.step}` : distance === undefined ? 'not measured' : moved}
      </dd>
      ${
        mode
          ? html`<dt>Mode</dt>
              <dd class="mono">${mode}</dd>`
          : nothing
      }
      <dt>Distance</dt>
      <dd>${distance === undefined ? 'not measured' : `${number(distance)} of ‖w0‖`}</dd>
    </dl>`
  }

  private historySection() {
    const { history, shown } = this
    if (!history || history.to.length === 0) return html`<p class="dim">Not measured yet.</p>`
    const names = (['updateRatio', 'distance', 'gradientNorm', 'batchNormDrift'] as const).filter(
      (name) => name !== 'batchNormDrift' || this.data.run!.layers[this.layer]!.batchNorm,
    )
    const steps = this.data.run!.steps
    return html`<section>
      <div class="head">
        <label class="small"
          >Measure
          <select
            @change=${(event: Event) => (this.shown = (event.target as HTMLSelectElement).value as typeof shown)}
          >
            ${names.map((name) => html`<option value=${name} ?selected=${name === shown}>${measures[name].label}</option>`)}
          </select>
        </label>
        <thaw-export
          .host=${this.host}
          what="layer history"
          .picture=${() => this.exportHistory()}
        ></thaw-export>
      </div>
      ${historyPicture(history, shown, steps, this.selection)}
    </section>`
  }

  private weightSection() {
    const { found } = this
    if (!found || found.count === 0) return nothing
    const equal =
      found.equal === found.count
        ? `all ${found.count.toLocaleString('en')} equal`
        : `${((100 * found.equal) / found.count).toFixed(found.equal > 0 ? 1 : 0)} % equal`
    return html`<section>
      <div class="head">
        <h3>Weights</h3>
        <span class="dim small">line w0, fill step ${this.weights!.step}: ${equal}</span>
        <thaw-export
          .host=${this.host}
          what="weights"
          .picture=${() => this.exportWeights(found)}
        ></thaw-export>
      </div>
      ${weightsPicture(found)}
    </section>`
  }

  private driftSection() {
    const { found } = this
    if (!found?.drift || found.drift.length === 0) return nothing
    return html`<section>
      <div class="head">
        <h3>Batch-norm mean, drift from w0</h3>
        <span class="dim small">step ${this.weights!.step}</span>
      </div>
      ${driftPicture(found.drift)}
    </section>`
  }

  private get fileName(): string {
    return this.data.run!.layers[this.layer]!.name.replaceAll('/', '-')
  }

  private exportHistory(): Exportable {
    const { from, to, high } = this.history!
    const names = Object.keys(high) as (keyof typeof high)[]
    return {
      name: `${this.fileName}-history`,
      svg: () => drawingOf(this.renderRoot, 'history'),
      rows: () => [
        ['from step', 'to step', ...names],
        ...to.map((step, i) => [from[i], step, ...names.map((name) => high[name]![i])]),
      ],
    }
  }

  private exportWeights({ low, high, w0, now }: LayerWeights): Exportable {
    const width = (high - low) / w0.length
    return {
      name: `${this.fileName}-weights`,
      svg: () => drawingOf(this.renderRoot, 'weights'),
      rows: () => [
        ['from', 'to', 'w0', 'now'],
        ...w0.map((then, i) => [low + i * width, low + (i + 1) * width, then, now[i]]),
      ],
    }
  }

  private tell(name: string, detail?: unknown): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }))
  }
}
