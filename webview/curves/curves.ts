import { LitElement, html, nothing, unsafeCSS, type PropertyValues } from 'lit'
import { customElement, property, state } from 'lit/decorators.js'
import type { OtherCurves, OtherRun } from '../../src/extension/protocol'
import type { Axis, Range } from '../axis'
import { followPress } from '../brush'
import { clamp, type Theme } from '../colour'
import type { Exportable } from '../export'
import '../exportMenu'
import { count, cut, fixed, number } from '../format'
import type { Host } from '../panel/host'
import type { Line, PanelState } from '../panel/state'
import type { FigureTable } from '../plot/figure'
import { numbersTable } from '../plot/table'
import tables from '../table.css'
import lineColours from '../lineColours.css'
import section from '../section.css'
import shared from '../shared.css'
import { styled } from '../styled'
import tip from '../tip.css'
import { average, MEMORY } from './average'
import { Chart } from './chart'
import own from './curves.css'
import { apart, type Label } from './labels'
import { accuracyRange, lossRange, valueAt } from './ranges'

import { curveNames, heights, PAD, runColour, runDash, specOf, type CurveName, type Design } from './specs'

/** What a person set; kept over reloads. */
interface Kept {
  log: boolean
  /** Weight of the past in the average, 0 to 0.99. */
  memory: number
  /** The accuracy axis fits what is shown. */
  fit: boolean
  /** Folders of runs that are laid over. */
  over: string[]
}

const atFirst: Kept = { log: true, memory: MEMORY, fit: false, over: [] }

/** Other runs that still train are read again so often. */
const REFRESH_MS = 3000

/** How long the steps must stay where they are before the charts follow: a chart takes some 50 ms, a frame has 16. */
const REST_MS = 150

const TIP = 230

/** Loss with its parts, accuracy, rate and time over the steps; other runs over it. */
@customElement('thaw-curves')
export class Curves extends LitElement {
  static override styles = [
    unsafeCSS(shared),
    unsafeCSS(section),
    unsafeCSS(tables),
    unsafeCSS(tip),
    unsafeCSS(own),
    unsafeCSS(lineColours),
  ]

  @property({ attribute: false }) data!: PanelState
  @property({ attribute: false }) axis!: Axis
  @property({ attribute: false }) host!: Host
  @property({ type: Boolean }) zoomed = false
  @property() theme: Theme = 'dark'
  @state() private labels: Partial<Record<CurveName, Label[]>> = {}
  @state() private kept: Kept = atFirst
  @state() private runs: readonly OtherRun[] = []
  @state() private others: readonly OtherCurves[] = []
  @state() private at?: number
  @state() private table = false
  @state() private trouble?: string

  private charts: Partial<Record<CurveName, Chart>> = {}
  private drawn: Record<string, unknown> = {}
  private fed = new Map<string, Line>()
  private fedOthers: unknown
  private fedMemory = MEMORY
  private busy: Promise<void> = Promise.resolve()
  private timer?: ReturnType<typeof setInterval>
  private rest?: ReturnType<typeof setTimeout>

  override connectedCallback(): void {
    super.connectedCallback()
    const { sections = {} } = this.host.remembered()
    this.kept = { ...atFirst, ...(sections.curves as Partial<Kept> | undefined) }
    if (this.kept.over.length > 0) void this.loadOthers()
    this.timer = setInterval(() => {
      const live = this.runs.some(
        ({ folder, state }) => state === 'running' && this.kept.over.includes(folder),
      )
      if (live) void this.loadOthers()
    }, REFRESH_MS)
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    clearInterval(this.timer)
    clearTimeout(this.rest)
    this.closeAll()
  }

  override updated(changed: PropertyValues<Curves>): void {
    const names: PropertyKey[] = [...changed.keys()]
    const shown = names.filter((name) => ['data', 'axis', 'theme', 'kept', 'others'].includes(String(name)))
    if (shown.length === 0) return
    clearTimeout(this.rest)
    const before = changed.get('axis')
    const moves = before && before.width === this.axis.width && before.steps === this.axis.steps
    if (shown.length === 1 && moves) this.rest = setTimeout(() => this.follow(), REST_MS)
    else this.follow()
  }

  private follow(): void {
    this.busy = this.busy.then(() => this.paint()).catch((error: unknown) => console.error(error))
  }

  private keep(change: Partial<Kept>): void {
    this.kept = { ...this.kept, ...change }
    this.host.remember({ sections: { ...this.host.remembered().sections, curves: this.kept } })
  }

  private async loadRuns(): Promise<void> {
    try {
      const { runs } = await this.host.ask({ type: 'runs' })
      this.runs = runs.filter(({ folder }) => folder !== this.data.run?.folder)
    } catch (error) {
      this.trouble = error instanceof Error ? error.message : String(error)
    }
  }

  /** One run that is gone does not hide the others. */
  private async loadOthers(): Promise<void> {
    if (this.runs.length === 0) await this.loadRuns()
    const found: OtherCurves[] = []
    const gone: string[] = []
    for (const folder of this.kept.over) {
      try {
        found.push((await this.host.ask({ type: 'curves', folder })).curves)
      } catch {
        gone.push(folder)
      }
    }
    this.others = found
    this.trouble =
      gone.length > 0
        ? `${count(gone.length, 'run')} laid over ${gone.length === 1 ? 'is' : 'are'} gone.`
        : undefined
    if (gone.length > 0) this.keep({ over: this.kept.over.filter((folder) => !gone.includes(folder)) })
  }

  private lay(folder: string): void {
    const { over } = this.kept
    this.keep({ over: over.includes(folder) ? over.filter((one) => one !== folder) : [...over, folder] })
    void this.loadOthers()
  }

  private get parts(): string[] {
    return Object.keys(this.data.lines)
      .filter((name) => name.startsWith('part/'))
      .map((name) => name.slice(5))
  }

  private get rates(): string[] {
    return Object.keys(this.data.lines).filter((name) => name.startsWith('rate/'))
  }

  private closeAll(): void {
    for (const chart of Object.values(this.charts)) chart.close()
    this.charts = {}
    this.fed.clear()
  }

  /** A chart is made anew only for another theme, run or set of lines; width, steps and ranges are signals. */
  private async paint(): Promise<void> {
    if (!this.isConnected) return
    const { axis, theme, parts, others, kept } = this
    const classes = this.data.run?.classes ?? 0
    const keys = others.map(({ folder }) => folder)
    const design = {
      ...{ theme, classes, log: kept.log, attempt: this.data.attempt },
      parts: parts.join('\n'),
      others: keys.join('\n'),
    }
    if (Object.entries(design).some(([key, value]) => this.drawn[key] !== value)) {
      const made = await this.make({
        ...{ width: axis.width, steps: axis.steps, parts, others: keys, log: kept.log },
        chance: classes > 0 ? 1 / classes : 0,
      })
      // the old ones stay until the new ones are drawn, so that nothing flickers
      const old = this.charts
      this.charts = made.charts
      this.drawn = design
      this.fed.clear()
      this.fedOthers = undefined
      await this.drawAll()
      for (const name of curveNames) this.place(name).replaceChildren(made.holders[name])
      for (const chart of Object.values(old)) chart.close()
    } else await this.drawAll()
    this.labels = this.lastValues()
  }

  private place(name: CurveName): HTMLElement {
    return this.renderRoot.querySelector<HTMLElement>(`[data-curve=${name}]`)!
  }

  private async make(design: Design) {
    const holders = {} as Record<CurveName, HTMLElement>
    const charts: Partial<Record<CurveName, Chart>> = {}
    for (const name of curveNames) {
      holders[name] = document.createElement('div')
      charts[name] = await Chart.open(holders[name], specOf[name](design))
    }
    return { holders, charts }
  }

  private async drawAll(): Promise<void> {
    this.feed()
    const { axis, charts, kept } = this
    const size = { width: axis.right - axis.left, from: axis.from, to: axis.to }
    const { lines } = this.data
    const losses = [
      ...this.parts.map((name) => lines[`part/${name}`]!),
      ...this.others.flatMap((other) => lossOf(other) ?? []),
    ]
    const evals = this.shownEvals()
    const accuracies = [
      {
        steps: evals.flatMap(({ step }) => [step, step]),
        values: evals.flatMap(({ low, high }) => [low, high]),
      },
      ...this.others.map((other) => evalLine(other)),
    ]
    await Promise.all([
      charts.loss?.draw({ ...size, ...lossRange(losses, axis, kept.log) }),
      charts.accuracy?.draw({ ...size, ...accuracyRange(accuracies, axis, kept.fit) }),
      charts.rate?.draw(size),
      charts.time?.draw(size),
    ])
  }

  private feed(): void {
    const { loss, accuracy, rate, time } = this.charts
    const { memory, log } = this.kept
    if (memory !== this.fedMemory) this.fed.clear()
    this.fedMemory = memory
    const shown = (value: number | null | undefined) => (log ? positive(value) : (value ?? null))
    const rows = (line: Line) => {
      const averaged = average(line.values, memory)
      return (i: number) => ({ value: shown(line.values[i]), smooth: shown(averaged[i]) })
    }
    const plain = (line: Line) => (i: number) => ({ value: line.values[i] ?? null })
    this.stream(loss, this.parts, 'part/', rows)
    this.stream(accuracy, ['accuracy'], '', (line) => {
      const averaged = average(line.values, memory)
      return (i) => ({ smooth: averaged[i] ?? null })
    })
    this.stream(rate, this.rates.slice(0, 1), '', plain)
    this.stream(time, ['ms'], '', plain)
    accuracy?.feed(
      'evals',
      'all',
      this.shownEvals().map(({ step, balancedAccuracy, low, high }) => ({
        ...{ name: 'eval', step, low, high },
        value: balancedAccuracy,
      })),
    )
    this.feedOthers()
  }

  private feedOthers(): void {
    const { others, charts, kept } = this
    if (others.length === 0 || this.fedOthers === others) return
    this.fedOthers = others
    const rows = (line: (other: OtherCurves) => Pick<Line, 'steps' | 'values'> | undefined, memory = 0) =>
      others.flatMap((other) => {
        const { steps, values } = line(other) ?? { steps: [], values: [] }
        const shown = average(values, memory)
        return steps.map((step, i) => ({ name: other.folder, step, value: shown[i] ?? null }))
      })
    const loss = rows(lossOf, kept.memory)
    charts.loss?.feed(
      'others',
      'all',
      kept.log ? loss.map((row) => ({ ...row, value: positive(row.value) })) : loss,
    )
    charts.accuracy?.feed('others', 'all', rows(evalLine))
    charts.rate?.feed(
      'others',
      'all',
      rows(({ lines }) => lines[Object.keys(lines).find((name) => name.startsWith('rate/')) ?? '']),
    )
    charts.time?.feed(
      'others',
      'all',
      rows(({ lines }) => lines.ms),
    )
  }

  /** Sends a chart only the rows that its lines have got since the last time. */
  private stream(
    chart: Chart | undefined,
    names: readonly string[],
    prefix: string,
    rowsOf: (line: Line) => (i: number) => Record<string, number | null>,
  ): void {
    const from = new Map<string, number>()
    const rows: { name: string; step: number }[] = []
    for (const name of names) {
      const line = this.data.lines[prefix + name]
      if (!chart || !line) continue
      const before = this.fed.get(prefix + name)
      const same = sameRows(before, line)
      if (same === line.steps.length && same === before?.steps.length) continue
      from.set(name, same === 0 ? -1 : line.steps[same - 1]! + 0.5)
      const row = rowsOf(line)
      for (let i = same; i < line.steps.length; i++) rows.push({ name, step: line.steps[i]!, ...row(i) })
      this.fed.set(prefix + name, line)
    }
    if (from.size > 0) chart?.feed('points', from, rows)
  }

  private shownEvals() {
    const test = this.data.evals.some((one) => one.split === 'test') ? 'test' : 'val'
    const several = this.data.evals.filter((one) => one.split === 'val').length > 1
    return this.data.evals.filter((one) => one.split === (several ? 'val' : test))
  }

  private lastValues(): Partial<Record<CurveName, Label[]>> {
    const at = (
      curve: CurveName,
      value: number | null | undefined,
      text: string,
      colour: string,
    ): Label[] => {
      if (value === null || value === undefined) return []
      const y = this.charts[curve]?.y(value)
      return y === undefined ? [] : [{ text, y: clamp(y, -2, heights[curve]), colour }]
    }
    const last = (name: string | undefined) => (name ? this.data.lines[name]?.values.at(-1) : undefined)
    const losses = this.parts.flatMap((name, i) => {
      const value = average(this.data.lines[`part/${name}`]!.values, this.kept.memory).at(-1)
      return at('loss', value, number(value), `c${i % 4}`)
    })
    const accuracy = this.shownEvals().at(-1)?.balancedAccuracy
    const chance = this.data.run ? 1 / this.data.run.classes : undefined
    return {
      loss: apart(losses, heights.loss),
      accuracy: apart(
        [
          ...at('accuracy', accuracy, fixed(accuracy ?? 0), 'c2'),
          ...at('accuracy', chance, 'chance', 'c3 light'),
        ],
        heights.accuracy,
      ),
      rate: at('rate', last(this.rates[0]), number(last(this.rates[0])), 'c2'),
      time: at('time', last('ms'), milliseconds(last('ms')), 'c2'),
    }
  }

  override render() {
    const rates = this.rates.map((name) => name.slice(5))
    const split = this.shownEvals()[0]?.split ?? 'test'
    const { log, memory } = this.kept
    return html`
      ${this.toolbar()}
      <div class="stage">
        ${this.curve(
          'loss',
          html`<div><span class="strong">Loss</span> ${log ? 'log' : 'linear'}</div>
            ${this.parts.map((name, i) => html`<div><i class="c${i % 4}"></i>${name}</div>`)}`,
        )}
        ${this.curve(
          'accuracy',
          html`<div class="strong">Balanced accuracy</div>
            <div><i class="ring"></i>${split}, 95 % interval</div>
            <div><i class="stroke"></i>train, ${memory > 0 ? 'smoothed' : 'each batch'}</div>`,
        )}
        ${this.curve(
          'rate',
          html`<div class="strong">Rate</div>
            <div>${rates[0] ?? ''}${this.factor(rates)}</div>`,
        )}
        ${this.curve(
          'time',
          html`<div class="strong">Step time</div>
            <div>milliseconds</div>`,
        )}
        ${this.overlay()}
      </div>
      ${this.table ? html`<div class="numbers">${numbersTable(this.numbers, 'the curves')}</div>` : nothing}
    `
  }

  private toolbar() {
    const { log, memory, fit } = this.kept
    const toggle = (pressed: boolean, words: string, title: string, change: Partial<Kept>) =>
      html`<button class="plain" aria-pressed=${pressed} title=${title} @click=${() => this.keep(change)}>
        ${words}
      </button>`
    return html`<div class="bar">
        <h2>Curves</h2>
        ${toggle(log, 'Log loss', 'Logarithmic axis of the loss', { log: !log })}
        ${toggle(fit, 'Fit accuracy', 'The accuracy axis shows what there is, not 0 to 1', { fit: !fit })}
        <label class="small dim slider"
          >Smoothing
          <input
            type="range"
            min="0"
            max="0.99"
            step="0.01"
            .value=${String(memory)}
            aria-valuetext=${memory === 0 ? 'none' : `weight of the past ${memory}`}
            @input=${(event: Event) => this.keep({ memory: Number((event.target as HTMLInputElement).value) })}
          />
          <span class="figure">${memory === 0 ? 'none' : memory.toFixed(2)}</span></label
        >
        ${this.chooser()}
        <span class="push zoom">
          <button
            class="plain"
            aria-label="Zoom in"
            title="Zoom in (Ctrl+wheel)"
            @click=${() => this.tell('zoom-by', 0.5)}
          >
            +
          </button>
          <button
            class="plain"
            aria-label="Zoom out"
            title="Zoom out (Ctrl+wheel)"
            @click=${() => this.tell('zoom-by', 2)}
          >
            −
          </button>
          ${this.zoomed ? html`<button class="plain" title="Show the whole run (0)" @click=${() => this.tell('zoom-by', 0)}>Whole run</button>` : nothing}
        </span>
        <button class="plain" aria-pressed=${this.table} @click=${() => (this.table = !this.table)}>
          Table
        </button>
        <thaw-export .host=${this.host} what="curves" .picture=${() => this.export()}></thaw-export>
      </div>
      ${this.trouble ? html`<p class="small error trouble" role="alert">${this.trouble}</p>` : nothing}
      ${
        this.others.length > 0
          ? html`<div class="over small" role="list" aria-label="Runs laid over">
              ${this.others.map(
                (other, i) =>
                  html`<span role="listitem">
                    ${stroke(i)}${other.name}, seed
                    ${other.seed}${other.steps > this.axis.steps ? html` <span class="dim">(${count(other.steps, 'step')}, cut here)</span>` : nothing}
                    <button
                      class="plain"
                      aria-label="Take ${other.name} away"
                      @click=${() => this.lay(other.folder)}
                    >
                      ×
                    </button>
                  </span>`,
              )}
            </div>`
          : nothing
      }`
  }

  private chooser() {
    return html`<details
      class="choose"
      @toggle=${(event: Event) => (event.target as HTMLDetailsElement).open && void this.loadRuns()}
    >
      <summary class="small">Other runs${this.others.length > 0 ? ` (${this.others.length})` : ''}</summary>
      <div class="list" role="group" aria-label="Runs to lay over" tabindex="0">
        ${
          this.runs.length === 0
            ? html`<p class="dim small">There is no other run in this folder.</p>`
            : this.runs.map(
                ({ folder, name, strategy, seed, state }) =>
                  html`<label class="small">
                    <input
                      type="checkbox"
                      .checked=${this.kept.over.includes(folder)}
                      @change=${() => this.lay(folder)}
                    />
                    <span>${name}</span> <span class="dim">${strategy} · seed ${seed} · ${state}</span>
                  </label>`,
              )
        }
      </div>
    </details>`
  }

  /** The place for pointer and keys over all charts, with the read-out. */
  private overlay() {
    const { axis, at } = this
    const shown = at !== undefined && at >= axis.from && at <= axis.to ? at : undefined
    const facts = shown === undefined ? [] : this.facts(shown)
    const x = shown === undefined ? 0 : axis.x(shown)
    const left = x + 12 + TIP < axis.width ? x + 12 : x - 12 - TIP
    return html`<div
        class="grid"
        tabindex="0"
        role="application"
        aria-roledescription="curves"
        aria-label="Curves. Left and right read them off step by step, Home and End go to the first and the last; plus and minus zoom, 0 shows the whole run; Table shows the same numbers."
        ${styled({ left: `${axis.left}px`, width: `${axis.right - axis.left}px` })}
        @mousemove=${this.hover}
        @mousedown=${this.press}
        @mouseleave=${() => this.point(undefined)}
        @blur=${() => this.point(undefined)}
        @keydown=${this.key}
      ></div>
      <div
        class="tip"
        role="status"
        ?hidden=${shown === undefined}
        ${styled({ left: `${Math.max(0, left)}px`, top: '4px', width: `${TIP}px` })}
      >
        <b>Step ${shown?.toLocaleString('en') ?? ''}</b>
        <dl>
          ${facts.map(
            ([name, value]) =>
              html`<dt>${cut(name, 26)}</dt>
                <dd>${value}</dd>`,
          )}
        </dl>
      </div>`
  }

  private facts(step: number): [string, string][] {
    const { lines } = this.data
    const told = (
      name: string,
      line: Pick<Line, 'steps' | 'values'> | undefined,
      text = number,
    ): [string, string][] => {
      const value = line && valueAt(line, step)
      return value === null || value === undefined ? [] : [[name, text(value)]]
    }
    const evaluated = this.shownEvals().findLast((one) => one.step <= step)
    return [
      ...this.parts.flatMap((name) => told(name, lines[`part/${name}`])),
      ...told('train accuracy', lines.accuracy, (value) => fixed(value!)),
      ...(evaluated
        ? ([[`${evaluated.split} accuracy, step ${evaluated.step}`, fixed(evaluated.balancedAccuracy)]] as [
            string,
            string,
          ][])
        : []),
      ...this.rates.flatMap((name) => told(`rate ${name.slice(5)}`, lines[name])),
      ...told('step time', lines.ms, (value) => milliseconds(value)),
      ...this.others.slice(0, 12).flatMap((other) => told(`loss of ${other.name}`, lossOf(other))),
    ]
  }

  private stepAt(clientX: number, box: DOMRect): number {
    const { axis } = this
    return clamp(axis.step(clientX - box.left + axis.left), axis.from, axis.to)
  }

  private hover = (event: MouseEvent): void => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect()
    this.point(this.near(this.stepAt(event.clientX, box)))
  }

  /** The told step nearest to a place on the axis. */
  private near(step: number): number | undefined {
    const steps = this.data.lines.loss?.steps ?? []
    return steps.reduce<number | undefined>(
      (best, one) => (best === undefined || Math.abs(one - step) < Math.abs(best - step) ? one : best),
      undefined,
    )
  }

  private press = (event: MouseEvent): void => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect()
    followPress(event, (x) => this.stepAt(x, box), { brush: (range: Range) => this.tell('brush', range) })
  }

  private key = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const { axis } = this
    const steps = (this.data.lines.loss?.steps ?? []).filter((step) => step >= axis.from && step <= axis.to)
    if (steps.length === 0) return
    const here = this.at === undefined ? steps.length - 1 : Math.max(0, steps.indexOf(this.at))
    const goals: Record<string, number> = {
      ArrowLeft: this.at === undefined ? here : here - 1,
      ArrowRight: this.at === undefined ? here : here + 1,
      Home: 0,
      End: steps.length - 1,
    }
    const zooms: Record<string, number> = { '+': 0.5, '=': 0.5, '-': 2, '0': 0 }
    if (event.key in goals) this.point(steps[clamp(goals[event.key]!, 0, steps.length - 1)])
    else if (event.key in zooms) this.tell('zoom-by', zooms[event.key]!)
    else if (event.key === 'Escape') this.point(undefined)
    else return
    event.preventDefault()
  }

  private point(step: number | undefined): void {
    this.at = step
    this.tell('crosshair', step)
  }

  private tell(name: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }))
  }

  /** `; head × 10`: the other groups' rates against the drawn one. */
  private factor(rates: string[]): string {
    const last = (name: string) => this.data.lines[`rate/${name}`]?.values.at(-1) ?? 0
    if (rates.length < 2 || !last(rates[0]!)) return ''
    return rates
      .slice(1, 3)
      .map((name) => {
        const factor = Number((last(name) / last(rates[0]!)).toPrecision(2))
        return factor === 1 ? `, ${name}` : `; ${name} × ${factor}`
      })
      .join('')
  }

  private curve(name: CurveName, names: unknown) {
    const place = (label: Label) => styled({ top: `${label.y - 4}px` })
    return html`<div class="curve">
      <div
        class="chart"
        data-curve=${name}
        role="img"
        aria-label=${this.summary(name)}
        ${styled({ height: `${heights[name] + 2 * PAD}px` })}
      ></div>
      <div class="names">${names}</div>
      <div class="values" ${styled({ left: `${this.axis.right + 8}px` })}>
        ${(this.labels[name] ?? []).map(
          (label) => html`<span class=${label.colour} ${place(label)}>${label.text}</span>`,
        )}
      </div>
    </div>`
  }

  private summary(name: CurveName): string {
    const said = (this.labels[name] ?? []).map((label) => label.text).join(', ')
    const title = {
      loss: 'Loss by step',
      accuracy: 'Balanced accuracy by step',
      rate: 'Rate by step',
      time: 'Time of each step',
    }[name]
    return said ? `${title}; last values ${said}` : title
  }

  /** All lines, step by step: the table and the CSV. */
  private get numbers(): FigureTable {
    const { lines } = this.data
    const names = [
      'loss',
      ...this.parts.map((part) => `part/${part}`),
      'accuracy',
      ...this.rates,
      'ms',
    ].filter((name) => lines[name] !== undefined)
    const evals = new Map(this.shownEvals().map((one) => [one.step, one]))
    const maps = names.map(
      (name) => new Map(lines[name]!.steps.map((step, i) => [step, lines[name]!.values[i]])),
    )
    const others = this.others.map((other) => {
      const line = lossOf(other)
      return new Map(line?.steps.map((step, i) => [step, line.values[i]]))
    })
    const steps = new Set([...maps, ...others].flatMap((map) => [...map.keys()]))
    for (const step of evals.keys()) steps.add(step)
    return {
      columns: [
        ...['step', ...names, 'evaluated accuracy', 'low', 'high'],
        ...this.others.map(({ name, seed }) => `loss of ${name}, seed ${seed}`),
      ],
      rows: [...steps]
        .sort((a, b) => a - b)
        .map((step) => {
          const one = evals.get(step)
          return [
            ...[step, ...maps.map((map) => map.get(step))],
            ...[one?.balancedAccuracy, one?.low, one?.high],
            ...others.map((map) => map.get(step)),
          ]
        }),
    }
  }

  private export(): Exportable {
    return {
      name: 'curves',
      svg: async () => {
        const { width } = this.axis
        let y = 0
        const drawn: string[] = []
        for (const name of curveNames) {
          const chart = this.charts[name]
          if (!chart) continue
          drawn.push(`<g transform="translate(0 ${y})">${await chart.drawing()}</g>`)
          y += heights[name] + 2 * PAD
        }
        const ground = getComputedStyle(document.body).backgroundColor
        return `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="${width}" height="${y}"><rect width="100%" height="100%" fill="${ground}"/>${drawn.join('')}</svg>`
      },
      rows: () => [this.numbers.columns, ...this.numbers.rows],
    }
  }
}

/** The task's part of a run's loss, which runs with other penalties share; the whole where it tells no parts. */
const lossOf = ({ lines }: OtherCurves): Pick<Line, 'steps' | 'values'> | undefined =>
  lines[Object.keys(lines).find((name) => name.startsWith('part/')) ?? 'loss']

const evalLine = ({ evals }: OtherCurves): Pick<Line, 'steps' | 'values'> => {
  const test = evals.filter(({ split }) => split === 'test')
  const val = evals.filter(({ split }) => split === 'val')
  const shown = val.length > 1 ? val : test
  return { steps: shown.map(({ step }) => step), values: shown.map((one) => one.balancedAccuracy) }
}

const milliseconds = (value: number | null | undefined): string =>
  value === null || value === undefined
    ? '–'
    : value >= 1000
      ? `${number(value / 1000)} s`
      : `${number(value)} ms`

const stroke = (i: number) =>
  html`<svg width="18" height="8" aria-hidden="true">
    <line
      x1="0"
      x2="18"
      y1="4"
      y2="4"
      stroke=${runColour(i)}
      stroke-width="2"
      stroke-dasharray=${runDash(i).join(' ')}
    ></line>
  </svg>`

/** How many rows at the start are the same; the newest may have been replaced by others of their bucket. */
function sameRows(before: Line | undefined, line: Line): number {
  if (before?.stride !== line.stride) return 0
  let same = Math.min(before.steps.length, line.steps.length)
  while (
    same > 0 &&
    (before.steps[same - 1] !== line.steps[same - 1] || before.values[same - 1] !== line.values[same - 1])
  )
    same--
  return same
}

/** A logarithmic axis has no place for what is not above 0. */
const positive = (value: number | null | undefined): number | null =>
  value !== null && value !== undefined && value > 0 ? value : null
