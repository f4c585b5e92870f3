import { LitElement, html, unsafeCSS, type PropertyValues } from 'lit'
import { customElement, property, state } from 'lit/decorators.js'
import type { Axis } from '../axis'
import type { Theme } from '../colour'
import { fixed, number } from '../format'
import type { Line, PanelState } from '../panel/state'
import { apart } from '../plot/lines'
import shared from '../shared.css'
import { styled } from '../styled'
import { Chart } from './chart'
import own from './curves.css'
import { apart, type Label } from './labels'
import { accuracySpec, heights, lossSpec, rateSpec, type CurveName } from './specs'

/** Loss, accuracy and rate over the steps. */
@customElement('thaw-curves')
export class Curves extends LitElement {
  static override styles = [unsafeCSS(shared), unsafeCSS(own)]

  @property({ attribute: false }) data!: PanelState
  @property({ attribute: false }) axis!: Axis
  @property() theme: Theme = 'dark'
  @state() private labels: Partial<Record<CurveName, Label[]>> = {}

  private charts: Partial<Record<CurveName, Chart>> = {}
  private drawn: Record<string, unknown> = {}
  private fed = new Map<string, Line>()
  private busy: Promise<void> = Promise.resolve()

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    this.closeAll()
  }

  override updated(changed: PropertyValues): void {
    if (changed.has('data') || changed.has('axis') || changed.has('theme'))
      this.busy = this.busy.then(() => this.paint()).catch((error: unknown) => console.error(error))
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

  /** A chart is made anew only for another theme, run or set of lines; width and steps are signals. */
  private async paint(): Promise<void> {
    const { axis, theme, parts } = this
    const classes = this.data.run?.classes ?? 0
    const design = { theme, parts: parts.join('\n'), classes, attempt: this.data.attempt }
    if (Object.entries(design).some(([key, value]) => this.drawn[key] !== value)) {
      this.closeAll()
      const host = (name: CurveName) => this.renderRoot.querySelector<HTMLElement>(`[data-curve=${name}]`)!
      const chance = classes > 0 ? 1 / classes : 0
      const [loss, accuracy, rate] = await Promise.all([
        Chart.open(host('loss'), lossSpec(axis.width, axis.steps, parts)),
        Chart.open(host('accuracy'), accuracySpec(axis.width, axis.steps, chance)),
        Chart.open(host('rate'), rateSpec(axis.width, axis.steps)),
      ])
      this.charts = { loss, accuracy, rate }
      this.drawn = design
    }
    this.feed()
    const size = { width: axis.right - axis.left, from: axis.from, to: axis.to }
    const { loss, accuracy, rate } = this.charts
    await Promise.all([loss?.draw({ ...size, floor: this.floor() }), accuracy?.draw(size), rate?.draw(size)])
    this.labels = this.lastValues()
  }

  private feed(): void {
    const { loss, accuracy, rate } = this.charts
    this.stream(loss, this.parts, 'part/', (name, line, i) => ({
      value: positive(line.values[i]),
      smooth: positive(this.data.lines[`smooth/part/${name}`]?.values[i]),
    }))
    this.stream(accuracy, ['accuracy'], '', (_name, line, i) => ({ value: line.values[i]! }))
    this.stream(rate, this.rates.slice(0, 1), '', (_name, line, i) => ({ value: line.values[i]! }))
    accuracy?.feed(
      'evals',
      new Map([['eval', -1]]),
      this.shownEvals().map(({ step, balancedAccuracy, low, high }) => ({
        name: 'eval',
        step,
        value: balancedAccuracy,
        low,
        high,
      })),
    )
  }

  /** Sends a chart only the rows that its lines have got since the last time. */
  private stream(
    chart: Chart | undefined,
    names: readonly string[],
    prefix: string,
    row: (name: string, line: Line, i: number) => Record<string, number | null>,
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
      for (let i = same; i < line.steps.length; i++)
        rows.push({ name, step: line.steps[i]!, ...row(name, line, i) })
      this.fed.set(prefix + name, line)
    }
    if (from.size > 0) chart?.feed('points', from, rows)
  }

  /**
   * The loss axis spans at most a factor of 300, since below it nothing can be read off anyway, and at least one
   * of 3.4, so that a label of 1, 3, 10, 30 … lies within and noise does not fill the height.
   */
  private floor(): number {
    const all = this.parts.flatMap((name) => this.data.lines[`part/${name}`]?.values ?? [])
    const seen = all.filter((value): value is number => value !== null && value > 0)
    if (seen.length === 0) return 0.1
    const highest = seen.reduce((a, b) => Math.max(a, b))
    const lowest = seen.reduce((a, b) => Math.min(a, b))
    return Math.min(Math.max(lowest, highest / 300), highest / 3.4)
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
      return y === undefined ? [] : [{ text, y, colour }]
    }
    const losses = this.parts.flatMap((name, i) => {
      const value = this.data.lines[`smooth/part/${name}`]?.values.at(-1)
      return at('loss', value, number(value), `c${i % 4}`)
    })
    const accuracy = this.shownEvals().at(-1)?.balancedAccuracy
    const chance = this.data.run ? 1 / this.data.run.classes : undefined
    const rate = this.rates[0] ? this.data.lines[this.rates[0]]?.values.at(-1) : undefined
    return {
      loss: apart(losses, heights.loss),
      accuracy: apart(
        [
          ...at('accuracy', accuracy, fixed(accuracy ?? 0), 'c2'),
          ...at('accuracy', chance, 'chance', 'c3 light'),
        ],
        heights.accuracy,
      ),
      rate: at('rate', rate, number(rate), 'c2'),
    }
  }

  override render() {
    const rates = this.rates.map((name) => name.slice(5))
    const split = this.shownEvals()[0]?.split ?? 'test'
    return html`
      ${this.curve(
        'loss',
        html`<div><span class="strong">Loss</span> log</div>
          ${this.parts.map((name, i) => html`<div><i class="c${i % 4}"></i>${name}</div>`)}`,
      )}
      ${this.curve(
        'accuracy',
        html`<div class="strong">Balanced accuracy</div>
          <div><i class="ring"></i>${split}, 95 % interval</div>
          <div><i class="stroke"></i>train, each batch</div>`,
      )}
      ${this.curve(
        'rate',
        html`<div class="strong">Rate</div>
          <div>${rates[0] ?? ''}${this.factor(rates)}</div>`,
      )}
    `
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
      <div class="chart" data-curve=${name} role="img" aria-label=${this.summary(name)}></div>
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
    const title = { loss: 'Loss by step', accuracy: 'Balanced accuracy by step', rate: 'Rate by step' }[name]
    return said ? `${title}; last values ${said}` : title
  }
}

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

/** The loss axis is logarithmic: what is not above 0 has no place on it. */
const positive = (value: number | null | undefined): number | null =>
  value !== null && value !== undefined && value > 0 ? value : null
