import { LitElement, html, nothing, unsafeCSS } from 'lit'
import { customElement, query, state } from 'lit/decorators.js'
import type { Answer, Command, ToPanel, Way } from '../../src/extension/protocol'
import { themeOf, type Theme } from '../colour'
import { count } from '../format'
import { icon } from '../icons'
import '../compare/compare'
import type { ShowLayer } from '../inspector/inspector'
import '../network/network'
import type { NetworkKept } from '../network/network'
import '../predictions/predictions'
import '../strategy/strategy'
import '../tabs'
import '../training/training'
import type { Training, TrainingKept } from '../training/training'
import shared from '../shared.css'
import './header'
import { Host } from './host'
import own from './panel.css'
import { cursorOf, emptyState, reduce, type PanelState } from './state'

const tabs = [
  { id: 'training', title: 'Training' },
  { id: 'strategy', title: 'Strategy' },
  { id: 'network', title: 'Network' },
  { id: 'predictions', title: 'Predictions' },
  { id: 'compare', title: 'Compare' },
] as const
type Section = (typeof tabs)[number]['id']

/** The run's panel: asks the host for what is new, holds it, hands it to header, curves and map. */
@customElement('thaw-panel')
export class Panel extends LitElement {
  static override styles = [unsafeCSS(shared), unsafeCSS(own)]

  @state() private data: PanelState = emptyState()
  @state() private width = 900
  @state() private theme: Theme = themeOf()
  @state() private section: Section
  @state() private compared: readonly string[]
  @query('thaw-training') private training?: Training

  private readonly host = new Host()
  private resize = new ResizeObserver(([entry]) => (this.width = entry!.contentRect.width))
  private themeWatch = new MutationObserver(() => (this.theme = themeOf()))

  constructor() {
    super()
    const { section, sections = {} } = this.host.remembered()
    this.section = tabs.find(({ id }) => id === section)?.id ?? 'training'
    this.compared = Array.isArray(sections.compare) ? (sections.compare as string[]) : []
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
    if (message.type === 'show') {
      this.show(message.section)
      return this.compare(message.folders)
    }
    this.data = reduce(this.data, message)
  }

  private async showAlarm(): Promise<void> {
    this.show('training')
    await this.updateComplete
    await this.training?.updateComplete
    this.training?.showAlarm()
  }

  private show(section: Section): void {
    this.section = section
    this.host.remember({ section })
  }

  private compare(folders: string[]): void {
    this.compared = folders
    this.keep({ compare: folders })
  }

  private keep(change: Record<string, unknown>): void {
    this.host.remember({ sections: { ...this.host.remembered().sections, ...change } })
  }

  /** A section reads what it shows when it opens. */
  private showLayer({ section, layer }: ShowLayer): void {
    const { network, training } = this.host.remembered().sections ?? {}
    const name = this.data.run?.layers[layer]?.name
    if (section === 'network') this.keep({ network: { ...(network as NetworkKept), layer: name } })
    else this.keep({ training: { ...(training as TrainingKept), inspected: layer } })
    this.show(section)
  }

  override render() {
    const { data } = this
    const alarms = data.marks.filter((mark) => mark.kind === 'alarm')
    const layers = new Set(alarms.map((mark) => mark.layer))
    return html`
      <main @show-layer=${(event: CustomEvent<ShowLayer>) => this.showLayer(event.detail)}>
        <thaw-header
          .run=${data.run}
          .head=${data.head}
          .answer=${data.answer}
          @command=${(event: CustomEvent<Command>) => this.host.control(event.detail)}
          @way=${(event: CustomEvent<Way>) => this.host.go(event.detail)}
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
                  @click=${() => void this.showAlarm()}
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
    const { data, theme, host } = this
    switch (data.run ? this.section : 'training') {
      case 'predictions':
        return html`<thaw-predictions .data=${data} .host=${host} theme=${theme}></thaw-predictions>`
      case 'strategy':
        return html`<thaw-strategy
          .data=${data}
          .host=${host}
          .width=${this.width}
          theme=${theme}
        ></thaw-strategy>`
      case 'network':
        return html`<thaw-network
          .data=${data}
          .host=${host}
          .width=${this.width}
          theme=${theme}
        ></thaw-network>`
      case 'compare':
        return html`<thaw-compare
          .data=${data}
          .host=${host}
          .chosen=${this.compared}
          theme=${theme}
          @compare=${(event: CustomEvent<string[]>) => this.compare(event.detail)}
        ></thaw-compare>`
      case 'training':
        return data.run
          ? html`<thaw-training
              .data=${data}
              .host=${host}
              .width=${this.width}
              theme=${theme}
            ></thaw-training>`
          : html`<p class="wait" data-state="waiting">${waiting(data)}</p>`
    }
  }
}

/** What stands where the run would, before it has told anything of its layers. */
function waiting({ head }: PanelState): string {
  if (head?.trouble?.kind === 'newer') return 'Nothing of this run can be shown by this version of Thaw.'
  switch (head?.state) {
    case 'queued':
      return 'The run waits for another one to end. The curves and the freeze map appear with its first step.'
    case 'failed':
      return 'The run failed before its first step, so there is nothing to show; the message above says why.'
    case 'stopped':
      return 'The run was stopped before its first step, so there is nothing to show.'
    default:
      return 'The trainer is starting. The curves and the freeze map appear with its first step.'
  }
}
