import { LitElement, html, nothing, unsafeCSS, type PropertyValues } from 'lit'
import { customElement, property, query, state } from 'lit/decorators.js'
import type { NetworkTable } from '../../src/events/artifacts'
import type { LayerWindow } from '../../src/extension/protocol'
import type { Theme } from '../colour'
import { INSPECTOR } from '../inspector/inspector'
import type { Host } from '../panel/host'
import type { PanelState } from '../panel/state'
import { toggleLayer } from '../panel/toggle'
import type { Figure } from '../plot/figure'
import type { Act, Plot } from '../plot/plot'
import shared from '../shared.css'
import { networkFigure } from './figure'
import own from './network.css'
import { holdersOf, layerKey } from './rows'

/** Room of the page's edges. */
const EDGES = 32

/** What the section wants back; `layer` is brought into view when it opens. */
export interface NetworkKept {
  open?: Record<string, boolean>
  layer?: string
}

/** The network as a graph, and the chosen layer beside it. */
@customElement('thaw-network')
export class NetworkView extends LitElement {
  static override styles = [unsafeCSS(shared), unsafeCSS(own)]

  @property({ attribute: false }) data!: PanelState
  @property({ attribute: false }) host!: Host
  @property({ type: Number }) width = 900
  @property() theme: Theme = 'dark'
  @state() private network?: NetworkTable
  @state() private window?: LayerWindow
  @state() private refused?: string
  @state() private open: Record<string, boolean> = {}
  @state() private layer?: string
  @query('thaw-plot') private plot?: Plot

  private readonly asked: Record<string, string> = {}
  /** Layer that somebody asked for elsewhere, until the graph shows it. */
  private wanted?: string
  private made?: { key: unknown[]; figure: Figure }

  override connectedCallback(): void {
    super.connectedCallback()
    const { open, layer } = (this.host.remembered().sections?.network ?? {}) as NetworkKept
    this.open = { ...open }
    this.layer = this.wanted = layer
  }

  override willUpdate(changed: PropertyValues): void {
    if (!changed.has('data')) return
    const { attempt, artifacts, measured, run } = this.data
    const told = artifacts['network.json']
    if (told !== undefined)
      this.once('network', `${attempt}/${told}`, async () => {
        const { data } = await this.host.ask({ type: 'artifact', name: 'network.json' })
        if ((data as { v?: unknown }).v !== 1)
          throw new Error('The graph was told by a newer version of Thaw.')
        this.network = data as NetworkTable
      })
    if (run && measured.step > 0)
      this.once('window', `${attempt}/${measured.step}`, async () => {
        const from = Math.max(0, measured.step - 2 * Math.max(1, measured.every))
        const question = { from, to: measured.step, columns: 4 }
        this.window = (await this.host.ask({ type: 'window', measures: ['distance'], ...question })).window
      })
  }

  private once(what: string, want: string, load: () => Promise<void>): void {
    if (this.asked[what] === want) return
    this.asked[what] = want
    load().then(
      () => (this.refused = undefined),
      (error: unknown) => (this.refused = error instanceof Error ? error.message : String(error)),
    )
  }

  override updated(): void {
    const { wanted, network } = this
    const layer = network?.layers.find(({ name }) => name === wanted)
    if (!layer || !this.plot) return
    const closed = holdersOf(layer).filter((key) => !this.isOpen(key))
    if (closed.length > 0) return this.fold(Object.fromEntries(closed.map((key) => [key, true])))
    this.wanted = undefined
    void this.plot.updateComplete.then(() => this.plot!.goTo(layerKey(layer.name)))
  }

  /** Stages are open and blocks folded at first: what is joined to what fits a page. */
  private isOpen = (key: string): boolean => this.open[key] ?? key.startsWith('stage/')

  private fold(change: Record<string, boolean>): void {
    this.open = { ...this.open, ...change }
    this.keep()
  }

  private keep(): void {
    const { open, layer } = this
    const kept: NetworkKept = { open, layer }
    this.host.remember({ sections: { ...this.host.remembered().sections, network: kept } })
  }

  /** Enter, a click, or left and right on a line. */
  private act({ act, key }: Act): void {
    if (act.startsWith('layer/')) {
      if (key === 'Enter') this.choose(act.slice('layer/'.length))
      return
    }
    const open = this.isOpen(act)
    const want = key === 'ArrowRight' ? true : key === 'ArrowLeft' ? false : !open
    if (want !== open) this.fold({ [act]: want })
  }

  private choose(layer: string | undefined): void {
    this.layer = layer
    this.keep()
  }

  /** Index in the layer table; layers without weights are not in it. */
  private get chosen(): number | undefined {
    const found = this.data.run?.layers.findIndex(({ name }) => name === this.layer) ?? -1
    return found < 0 ? undefined : found
  }

  private figure(network: NetworkTable): Figure {
    const { data, window, theme, open, layer } = this
    const width = Math.max(620, this.width - EDGES - (this.chosen === undefined ? 0 : INSPECTOR))
    const now = data.head?.step ?? 0
    const key = [network, data.run, data.marks.length, now, window, width, theme, open, layer]
    if (!this.made || key.some((one, i) => one !== this.made!.key[i])) {
      const chosen = layer === undefined ? undefined : layerKey(layer)
      const { run, marks } = data
      const context = { run: run!, marks, now, window, width, theme, chosen, isOpen: this.isOpen }
      this.made = { key, figure: networkFigure(network, context) }
    }
    return this.made.figure
  }

  override render() {
    const { network, data, host, theme, chosen } = this
    if (!data.run) return nothing
    return html`<div class="columns">
      <div class="body">
        ${this.refused ? html`<p role="alert" class="error small">${this.refused}</p>` : nothing}
        ${
          network
            ? html`<thaw-plot
                data-figure="network"
                .figure=${this.figure(network)}
                .host=${host}
                @act=${(event: CustomEvent<Act>) => this.act(event.detail)}
              ></thaw-plot>`
            : data.artifacts['network.json'] === undefined
              ? html`<p class="calm" data-state="untold">
                  This run was recorded by an older Thaw, which did not tell how its layers are joined. A new
                  run, or this one once it is resumed, does.
                </p>`
              : nothing
        }
      </div>
      ${
        chosen === undefined
          ? nothing
          : html`<thaw-inspector
              .data=${data}
              .host=${host}
              .layer=${chosen}
              theme=${theme}
              elsewhere="training"
              @close=${() => this.choose(undefined)}
              @toggle-layer=${(event: CustomEvent<number>) => toggleLayer(data, host, event.detail)}
            ></thaw-inspector>`
      }
    </div>`
  }
}
