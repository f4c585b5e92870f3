import { LitElement, html, nothing, unsafeCSS, type PropertyValues } from 'lit'
import { customElement, property, state } from 'lit/decorators.js'
import type { CurvesDisplay } from '../../src/extension/protocol'
import type { Theme } from '../colour'
import { Chart } from '../curves/chart'
import { apart, type Label } from '../curves/labels'
import { endsOf, isSmoothed, linesSpec, ROOM, type Panel } from '../curves/lines'
import { smooth } from '../curves/smooth'
import { number } from '../format'
import lineColours from '../lineColours.css'
import shared from '../shared.css'
import { styled } from '../styled'
import own from './curves.css'

const HEIGHT = 150

/** Lines over steps in small panels side by side; drawn once and then only fed. */
@customElement('thaw-lines')
export class Lines extends LitElement {
  static override styles = [unsafeCSS(shared), unsafeCSS(own), unsafeCSS(lineColours)]

  @property({ attribute: false }) data!: CurvesDisplay
  @property({ type: Number }) width = 600
  @property() theme: Theme = 'dark'
  /** Steps that the axis spans; default: all that there are. */
  @property({ attribute: false }) range?: { from: number; to: number }
  /** Colours of runs instead of those of a loss's parts. */
  @property({ type: Boolean }) runs = false
  @state() private labels: Label[][] = []

  private charts: Chart[] = []
  private drawn = ''
  private busy: Promise<void> = Promise.resolve()

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    this.closeAll()
    this.drawn = ''
  }

  override updated(changed: PropertyValues): void {
    if (!changed.has('labels') || changed.size > 1)
      this.busy = this.busy.then(() => this.paint()).catch((error: unknown) => console.error(error))
  }

  private closeAll(): void {
    for (const chart of this.charts) chart.close()
    this.charts = []
  }

  private get panelWidth(): number {
    const beside = Math.max(1, Math.min(this.data.panels.length, Math.floor(this.width / 250)))
    return Math.min(340, Math.floor((this.width - (beside - 1) * 16) / beside))
  }

  private async paint(): Promise<void> {
    const { data, theme, panelWidth } = this
    if (!this.isConnected) return
    const size = { width: panelWidth, height: HEIGHT }
    // another theme, width or set of lines is another chart; new points are not
    const design = JSON.stringify([
      theme,
      panelWidth,
      this.runs,
      data.panels.map(({ scale, lines }) => [scale, lines.map(({ name, dots }) => [name, dots])]),
    ])
    if (design !== this.drawn) {
      this.closeAll()
      const hosts = [...this.renderRoot.querySelectorAll<HTMLElement>('.chart')]
      this.charts = await Promise.all(
        data.panels.map((panel, i) => Chart.open(hosts[i]!, linesSpec(panel, size, this, this.runs))),
      )
      this.drawn = design
    }
    const steps = data.panels.flatMap(({ lines }) => lines.flatMap((line) => line.steps))
    const from = this.range?.from ?? Math.min(...steps.slice(0, 1), ...steps)
    const to = this.range?.to ?? steps.reduce((a, b) => Math.max(a, b), from + 1)
    await Promise.all(
      this.charts.map((chart, i) => {
        const panel = data.panels[i]!
        const names = [...panel.lines.map(({ name }) => name), 'mark']
        const everything = new Map(names.map((name) => [name, -1]))
        chart.feed('points', everything, rowsOf(panel))
        chart.feed(
          'marks',
          everything,
          data.marks.map(({ step }) => ({ name: 'mark', step })),
        )
        return chart.draw({
          ...{ width: panelWidth - ROOM.left - ROOM.right, from, to },
          ...endsOf(panel),
        })
      }),
    )
    this.labels = this.charts.map((chart, i) => this.lastValues(data.panels[i]!, chart))
  }

  private colour(line: Panel['lines'][number], i: number): string {
    return this.runs ? `r${i % 4}` : `c${line.dots ? 2 : i % 4}`
  }

  private lastValues(panel: Panel, chart: Chart): Label[] {
    const labels = panel.lines.flatMap((line, i) => {
      const last = lastOf(line)
      const y = last === null || last === undefined ? undefined : chart.y(last)
      return y === undefined
        ? []
        : [{ text: number(last), y: y + ROOM.top - 8, colour: this.colour(line, i) }]
    })
    return apart(labels, HEIGHT - ROOM.bottom)
  }

  override render() {
    const { data, panelWidth } = this
    return html`<div class="panels">
      ${data.panels.map(
        (panel, i) =>
          html`<figure ${styled({ width: `${panelWidth}px` })}>
            <figcaption>
              <b>${panel.title}</b>
              <span class="dim"
                >${[panel.more, panel.scale === 'log' ? 'log' : ''].filter(Boolean).join(', ')}</span
              >
            </figcaption>
            ${
              panel.lines.length > 1
                ? html`<div class="names small">
                    ${panel.lines.map((line, k) => html`<span><i class=${this.colour(line, k)}></i>${line.name}</span>`)}
                  </div>`
                : nothing
            }
            <div class="curve" ${styled({ height: `${HEIGHT}px` })}>
              <div class="chart" role="img" aria-label=${said(panel, data.marks)}></div>
              ${(this.labels[i] ?? []).map(
                (label) =>
                  html`<span
                    class="value small ${label.colour}"
                    aria-hidden="true"
                    ${styled({ left: `${panelWidth - ROOM.right + 6}px`, top: `${label.y}px` })}
                    >${label.text}</span
                  >`,
              )}
            </div>
          </figure>`,
      )}
    </div>`
  }
}

function rowsOf(panel: Panel) {
  const place = (value: number | null | undefined) =>
    value === null || value === undefined || (panel.scale === 'log' && value <= 0) ? null : value
  return panel.lines.flatMap((line) => {
    const values = isSmoothed(line) ? smooth(line.values) : line.values
    return line.steps.map((step, i) => ({
      ...{ name: line.name, step, dot: line.dots === true },
      value: place(values[i]),
      raw: isSmoothed(line) ? place(line.values[i]) : null,
      low: place(line.low?.[i]),
      high: place(line.high?.[i]),
    }))
  })
}

function lastOf(line: Panel['lines'][number]): number | null | undefined {
  return (isSmoothed(line) ? smooth(line.values) : line.values).findLast((value) => value !== null)
}

/** What a chart says to who does not see it. */
function said(panel: Panel, marks: CurvesDisplay['marks']): string {
  const lines = panel.lines.map((line) => {
    const first = line.values.find((value) => value !== null)
    return `${line.name} from ${number(first)} at step ${line.steps[0] ?? 0} to ${number(lastOf(line))} at step ${line.steps.at(-1) ?? 0}`
  })
  const done = marks.map(({ step, text }) => `at step ${step}: ${text}`)
  return `${panel.title} by step. ${[...lines, ...done].join('; ')}`
}
