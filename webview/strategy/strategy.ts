import type { Figure } from '../plot/figure'
import { LitElement, html, nothing, unsafeCSS, type PropertyValues } from 'lit'
import { customElement, property, state } from 'lit/decorators.js'
import type { LayerWindow, OtherRun, StrategyOption } from '../../src/extension/protocol'
import type { Theme } from '../colour'
import { count } from '../format'
import type { Host } from '../panel/host'
import type { PanelState } from '../panel/state'
import '../plot/plot'
import section from '../section.css'
import shared from '../shared.css'
import tables from '../table.css'
import { views, viewsOf } from './registry'
import { stageFigure } from './stages/figures'
import own from './strategy.css'
import type { PictureView, ViewContext } from './types'

/** Format of pictures that this version draws. */
const VERSION = 1

/** Room around the figures and between two columns of them. */
const [EDGE, GUTTER] = [16, 40]

/** Title, question, legend and table of a figure, in pixels. */
const FURNITURE = 130

/** Columns of the stages' distances: more than a figure has pixels for would be for nothing. */
const COLUMNS = 160

interface Told {
  step: number
  data: unknown
  images: Readonly<Record<string, string>>
}

/** What the run's strategy did: its own pictures, how far each stage went, and the options in use. */
@customElement('thaw-strategy')
export class StrategySection extends LitElement {
  static override styles = [unsafeCSS(shared), unsafeCSS(section), unsafeCSS(tables), unsafeCSS(own)]

  @property({ attribute: false }) data!: PanelState
  @property({ attribute: false }) host!: Host
  @property({ type: Number }) width = 900
  @property() theme: Theme = 'dark'
  @state() private told: Readonly<Record<string, Told>> = {}
  @state() private window?: LayerWindow
  @state() private others: readonly OtherRun[] = []
  @state() private other?: { folder: string; name: string; pictures: Record<string, unknown> }
  @state() private trouble?: string

  private asked: Record<string, string> = {}
  private made = new Map<string, { key: unknown[]; figures: Figure[] }>()

  override willUpdate(changed: PropertyValues): void {
    if (changed.has('data')) this.ask()
  }

  private get shown(): PictureView[] {
    return views.filter(({ picture }) => this.data.pictures[picture] !== undefined)
  }

  /** Asks for what has changed, each thing once. */
  private ask(): void {
    const { attempt, measured, pictures, artifacts, run } = this.data
    for (const view of this.shown) {
      const name = view.picture
      this.once(
        name,
        `${attempt}/${pictures[name]}/${artifacts['thumbnails-test.json']}/${artifacts['thumbnails-val.json']}`,
        () => this.load(view),
      )
    }
    if (run && measured.step > 0)
      this.once('window', `${attempt}/${measured.step}`, async () => {
        const to = Math.max(run.steps, measured.step)
        const found = await this.host.ask({
          type: 'window',
          measures: ['distance'],
          from: 0,
          to,
          columns: COLUMNS,
        })
        this.window = found.window
      })
    if (this.shown.some(({ overlay }) => overlay))
      this.once('runs', `${attempt}`, async () => {
        const { runs } = await this.host.ask({ type: 'runs' })
        this.others = runs.filter(
          ({ folder, strategy }) => folder !== run?.folder && strategy === run?.strategy.name,
        )
      })
  }

  private once(what: string, want: string, load: () => Promise<void>): void {
    if (this.asked[what] === want) return
    this.asked[what] = want
    load().then(
      () => (this.trouble = undefined),
      (error: unknown) => (this.trouble = error instanceof Error ? error.message : String(error)),
    )
  }

  private async load(view: PictureView): Promise<void> {
    const { step, data } = await this.host.ask({ type: 'picture', name: view.picture })
    const wanted = versionOf(data) === VERSION ? view.images?.(data as never) : undefined
    const images =
      wanted && wanted.paths.length > 0 ? (await this.host.ask({ type: 'thumbnails', ...wanted })).images : {}
    this.told = { ...this.told, [view.picture]: { step, data, images } }
  }

  private async layOver(folder: string): Promise<void> {
    const run = this.others.find((one) => one.folder === folder)
    if (!run) return void (this.other = undefined)
    const names = this.shown.filter(({ overlay }) => overlay).map(({ picture }) => picture)
    try {
      const pictures: Record<string, unknown> = {}
      for (const name of names) {
        const { data } = await this.host.ask({ type: 'picture', name, folder })
        if (versionOf(data) === VERSION) pictures[name] = data
      }
      const name = `${run.name}, seed ${run.seed} (${run.id})`
      this.other = { folder, name, pictures }
      this.trouble = undefined
    } catch (error) {
      this.trouble = error instanceof Error ? error.message : String(error)
    }
  }

  override render() {
    const { run } = this.data
    if (!run) return nothing
    const { title, summary } = run.strategy
    return html`<div class="page">
      <header>
        <h2>${title}</h2>
        ${summary ? html`<p class="dim">${summary}</p>` : nothing}
      </header>
      ${this.trouble ? html`<p role="alert" class="error small">${this.trouble}</p>` : nothing}
      ${this.chooser()} ${this.calm()}
      <div class="columns">
        ${this.columns().map(
          (column) =>
            html`<div class="column">
              ${column.map((item) => (item === 'options' ? this.options() : this.plot(item)))}
            </div>`,
        )}
      </div>
    </div>`
  }

  private plot(figure: Figure) {
    return html`<thaw-plot data-figure=${figure.name} .figure=${figure} .host=${this.host}></thaw-plot>`
  }

  /** Figures one after the other into the shorter of two columns, the options last. */
  private columns(): (Figure | 'options')[][] {
    const columns: (Figure | 'options')[][] = this.two ? [[], []] : [[]]
    const heights = columns.map(() => 0)
    const put = (item: Figure | 'options', height: number) => {
      const shortest = heights.indexOf(Math.min(...heights))
      columns[shortest]!.push(item)
      heights[shortest]! += height + FURNITURE
    }
    for (const figure of this.figures) put(figure, figure.height)
    put('options', 0)
    return columns
  }

  private get two(): boolean {
    return this.width >= 980
  }

  private context(step: number, images: Told['images'] = {}): ViewContext {
    const room = Math.max(360, this.width - 2 * EDGE)
    return {
      step,
      width: this.two ? Math.floor((room - GUTTER) / 2) : Math.min(room, 760),
      theme: this.theme,
      run: this.data.run!,
      image: (path) => (Object.hasOwn(images, path) ? images[path] : undefined),
    }
  }

  /** Drawn anew only when what they show, the width or the colours have changed. */
  private get figures(): Figure[] {
    const { told, theme, width, window, other, data } = this
    const own = this.shown.flatMap((view) => {
      const picture = told[view.picture]
      if (!picture) return []
      const behind = other?.pictures[view.picture]
      return this.keep(view.picture, [picture, theme, width, behind], () => {
        if (versionOf(picture.data) !== VERSION) return []
        const context = this.context(picture.step, picture.images)
        return view.figures(picture.data as never, {
          ...context,
          ...(behind !== undefined && { other: { name: other!.name, data: behind } }),
        })
      })
    })
    const stages =
      window && window.to.length > 0
        ? this.keep('stages', [window, theme, width, data.run], () => [
            stageFigure(window, this.context(data.measured.step)),
          ])
        : []
    return [...own, ...stages]
  }

  private keep(name: string, key: unknown[], draw: () => Figure[]): Figure[] {
    const made = this.made.get(name)
    if (made && made.key.every((one, i) => one === key[i])) return made.figures
    const figures = draw()
    this.made.set(name, { key, figures })
    return figures
  }

  /** What is said where there is no picture of the strategy's own. */
  private calm() {
    const { shown, told, data } = this
    const newer = shown.filter(({ picture }) => told[picture] && versionOf(told[picture].data) !== VERSION)
    if (newer.length > 0)
      return html`<p class="calm" data-state="newer">
        ${newer.map(({ picture }) => picture).join(', ')}: told by a newer version of Thaw than this one.
        Update Thaw to see it.
      </p>`
    if (shown.length > 0) return nothing
    const over = ['finished', 'stopped', 'failed'].includes(data.head?.state ?? '')
    const expects = Object.hasOwn(viewsOf, data.run!.strategy.name)
    if (!expects)
      return html`<p class="calm" data-state="baseline">
        ${data.run!.strategy.title} adds nothing to plain training, so there is no picture of its own. What it
        did is which stages it trained and how far each went.
      </p>`
    return html`<p class="calm" data-state="waiting">
      ${over ? 'The run ended before its strategy told a picture.' : 'The strategy has told no picture yet; the first comes with its first measure or evaluation.'}
    </p>`
  }

  private chooser() {
    const { others } = this
    if (others.length === 0) return nothing
    return html`<label class="small chooser"
      >Lay another run behind
      <select @change=${(event: Event) => void this.layOver((event.target as HTMLSelectElement).value)}>
        <option value="">none</option>
        ${others.map(
          ({ folder, name, id }) =>
            html`<option value=${folder} ?selected=${this.other?.folder === folder}>${name} (${id})</option>`,
        )}
      </select>
    </label>`
  }

  private options() {
    const { options } = this.data.run!.strategy
    if (options.length === 0) return nothing
    const set = options.filter(({ isDefault }) => isDefault !== true)
    const rest = options.filter(({ isDefault }) => isDefault === true)
    return html`<section class="options">
      <h2>Options in use</h2>
      ${set.length > 0 ? optionTable(set) : html`<p class="dim">The run file sets none; all are the defaults.</p>`}
      ${
        rest.length > 0
          ? html`<details>
              <summary class="small dim">${count(rest.length, 'default')}</summary>
              ${optionTable(rest)}
            </details>`
          : nothing
      }
    </section>`
  }
}

const optionTable = (options: readonly StrategyOption[]) =>
  html`<table>
    <thead>
      <tr>
        <th scope="col">Option</th>
        <th scope="col">Value</th>
        <th scope="col">From</th>
      </tr>
    </thead>
    <tbody>
      ${options.map(
        ({ name, value, isDefault }) =>
          html`<tr>
            <th scope="row">${name}</th>
            <td class="mono">${value}</td>
            <td class="dim">${isDefault === undefined ? '' : isDefault ? 'default' : 'run file'}</td>
          </tr>`,
      )}
    </tbody>
  </table>`

const versionOf = (data: unknown): unknown =>
  typeof data === 'object' && data !== null ? (data as { v?: unknown }).v : undefined
