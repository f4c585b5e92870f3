import { LitElement, html, nothing, svg, unsafeCSS, type PropertyValues } from 'lit'
import { customElement, property, state } from 'lit/decorators.js'
import type { Comparison, OtherRun, PairedResult } from '../../src/extension/protocol'
import type { Theme } from '../colour'
import { drawingOf, type Exportable } from '../export'
import '../exportMenu'
import { count, cut, duration, fixed } from '../format'
import type { Host } from '../panel/host'
import type { PanelState } from '../panel/state'
import section from '../section.css'
import shared from '../shared.css'
import { styled } from '../styled'
import tables from '../table.css'
import own from './compare.css'

const ROW = 46
const NAME = 190

interface Scale {
  x(value: number): number
  ticks: number[]
}

/** Round ticks over a range, with a little room. */
function scaleOf(values: readonly number[], left: number, width: number, around?: number): Scale {
  const all = around === undefined ? values : [...values, around]
  let [low, high] = [Math.min(...all), Math.max(...all)]
  if (high - low < 0.02) [low, high] = [low - 0.01, high + 0.01]
  const step = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5].find((size) => (high - low) / size <= width / 48) ?? 0.5
  low = Math.floor(low / step) * step
  high = Math.ceil(high / step) * step
  const ticks = Array.from({ length: Math.round((high - low) / step) + 1 }, (_, i) => low + i * step)
  return { x: (value) => left + ((value - low) / (high - low)) * width, ticks }
}

const tickText = (tick: number, withSign: boolean): string =>
  Math.abs(tick) < 1e-9 ? '0' : (withSign ? signed(tick) : fixed(tick, 2)).replace(/0+$/, '')

const signed = (value: number): string => (value > 0 ? '+' : '') + fixed(value)

/** Runs of the same folder side by side: intervals, paired differences from a reference, what their files differ in. */
@customElement('thaw-compare')
export class Compare extends LitElement {
  static override styles = [unsafeCSS(shared), unsafeCSS(section), unsafeCSS(tables), unsafeCSS(own)]

  @property({ attribute: false }) data!: PanelState
  @property({ attribute: false }) host!: Host
  @property() theme: Theme = 'dark'
  /** Folders that are compared, the reference first. */
  @property({ attribute: false }) chosen: readonly string[] = []
  @state() private runs: OtherRun[] = []
  @state() private comparison?: Comparison
  @state() private trouble?: string

  private asked = ''
  /** Open at first where nothing is chosen yet; then as the person leaves it. */
  private choosing = false

  override connectedCallback(): void {
    super.connectedCallback()
    this.choosing = this.chosen.length < 2
    void this.refresh()
  }

  override willUpdate(changed: PropertyValues): void {
    if (changed.has('chosen') || changed.has('data')) void this.load()
  }

  private async refresh(): Promise<void> {
    try {
      this.runs = (await this.host.ask({ type: 'runs' })).runs
    } catch (error) {
      this.trouble = error instanceof Error ? error.message : String(error)
    }
  }

  private get folders(): readonly string[] {
    const own = this.data.run?.folder
    return this.chosen.length > 0 ? this.chosen : own ? [own] : []
  }

  private async load(): Promise<void> {
    const { folders, data } = this
    const want = `${folders.join('\n')}/${data.artifacts['predictions-test.json']}/${data.head?.state}`
    if (folders.length === 0 || want === this.asked) return
    this.asked = want
    try {
      const { comparison } = await this.host.ask({ type: 'compare', folders: [...folders] })
      if (want === this.asked) [this.comparison, this.trouble] = [comparison, undefined]
    } catch (error) {
      this.trouble = error instanceof Error ? error.message : String(error)
    }
  }

  override render() {
    return html`<div class="page">
      ${this.trouble ? html`<p role="alert" class="error">${this.trouble}</p>` : nothing} ${this.chooser()}
      ${this.comparison ? this.picture(this.comparison) : nothing}
      ${this.comparison && this.comparison.differences.length > 0 ? this.differences(this.comparison) : nothing}
    </div>`
  }

  private chooser() {
    const own = this.data.run?.folder
    const others = this.runs.filter(({ folder }) => folder !== own)
    if (others.length === 0)
      return html`<p class="dim" data-state="alone">
        This is the only run in its folder. Runs of other strategies on the same data appear here to be laid
        beside it.
      </p>`
    return html`<details ?open=${this.choosing}>
      <summary>Runs to compare (${this.folders.length} of ${others.length + 1} chosen)</summary>
      <div class="choose" role="group" aria-label="Runs to compare">
        ${others.map(
          ({ folder, name, strategy, state, accuracy, seed }) =>
            html`<label>
              <input
                type="checkbox"
                .checked=${this.folders.includes(folder)}
                @change=${() => this.toggle(folder)}
              />
              <span>${name}</span>
              <span class="dim small"
                >${strategy} · seed ${seed} ·
                ${state}${accuracy ? ` · ${fixed(accuracy.balancedAccuracy)}` : ''}</span
              >
            </label>`,
        )}
      </div>
    </details>`
  }

  private toggle(folder: string): void {
    const { folders } = this
    const next = folders.includes(folder) ? folders.filter((one) => one !== folder) : [...folders, folder]
    this.dispatchEvent(new CustomEvent('compare', { detail: next }))
  }

  private picture(comparison: Comparison) {
    const { runs, warnings } = comparison
    const measured = runs.filter(({ accuracy }) => accuracy)
    if (measured.length === 0) return html`<p class="dim">None of these runs has been evaluated yet.</p>`
    const bottom = runs.length * ROW
    const [left, width] = [NAME + 10, 300]
    const scale = scaleOf(
      measured.flatMap(({ accuracy }) => [accuracy!.low, accuracy!.high]),
      left,
      width,
    )
    const pairs = runs.map(({ id }) => this.pairWith(comparison, id))
    const known = pairs.filter((pair) => pair !== undefined)
    const right = left + width + 90
    const differences =
      known.length > 0
        ? scaleOf(
            known.flatMap(({ low, high }) => [low, high]),
            right,
            190,
            0,
          )
        : undefined
    const reading = right + 190 + 40
    return html`<section>
      <div class="head">
        <h2>${count(runs.length, 'run')} on the test images</h2>
        <thaw-export
          .host=${this.host}
          what="comparison"
          .picture=${() => this.export(comparison)}
        ></thaw-export>
      </div>
      <p class="dim">
        Bar: 95 %
        interval.${known.length > 0 ? ` Right: difference from ${runs[0]!.name} on the same images, corrected for ${count(known.length, 'comparison')} (Holm).` : ''}
      </p>
      ${warnings.map((text) => html`<p class="warning">${text}</p>`)}
      <div class="scroll" tabindex="0" role="region" aria-label="Comparison of runs">
        <svg
          data-picture="compare"
          width=${reading + 330}
          height=${bottom + 46}
          role="img"
          aria-label="${this.said(comparison)}"
        >
          <text class="tick" x=${NAME - 170} y="14">Run</text>
          <text class="tick" x=${left} y="14">Balanced accuracy</text>
          ${differences ? svg`<text class="tick" x=${right} y="14">Paired difference</text>` : nothing}
          <text class="tick" x=${reading} y="14">Reading</text>
          <text class="tick" text-anchor="end" x=${reading + 220} y="14">Time</text>
          <text class="tick" text-anchor="end" x=${reading + 320} y="14">Weights moved</text>
          <g transform="translate(0 22)">
            ${this.axis(scale, bottom)} ${differences ? this.axis(differences, bottom, 0) : nothing}
            ${runs.map((run, i) => this.row(run, i, scale, pairs[i], differences, { reading, value: left + width + 10 }))}
          </g>
        </svg>
      </div>
    </section>`
  }

  private axis({ x, ticks }: Scale, bottom: number, zero?: number) {
    return ticks.map(
      (
        tick,
      ) => svg`<line class=${zero !== undefined && Math.abs(tick) < 1e-9 ? 'zero' : 'grid'} x1=${x(tick)} x2=${x(tick)} y1="0" y2=${bottom}></line>
        <text class="tick" text-anchor="middle" x=${x(tick)} y=${bottom + 16}>${tickText(tick, zero !== undefined)}</text>`,
    )
  }

  private row(
    { name, accuracy, seconds, moved, strategy, seed }: Comparison['runs'][number],
    i: number,
    scale: Scale,
    pair: PairedResult | undefined,
    differences: Scale | undefined,
    at: { reading: number; value: number },
  ) {
    const y = i * ROW + ROW / 2
    const words =
      i === 0
        ? 'reference'
        : !pair
          ? 'not compared'
          : !pair.separated
            ? 'not separated'
            : pair.difference > 0
              ? 'higher'
              : 'lower'
    return svg`<g>
      <line class="rule" x1="0" x2=${at.reading + 330} y1=${(i + 1) * ROW} y2=${(i + 1) * ROW}></line>
      <circle class="run r${i % 4}" cx="14" cy=${y} r="4"></circle>
      <text class="name" x="26" y=${y}>${cut(name, 24)}<title>${name}</title></text>
      <text class="tick" x="26" y=${y + 14}>${strategy} · seed ${seed}</text>
      ${
        accuracy
          ? svg`<line class="bar r${i % 4}" x1=${scale.x(accuracy.low)} x2=${scale.x(accuracy.high)} y1=${y} y2=${y}></line>
              <circle class="run r${i % 4}" cx=${scale.x(accuracy.balancedAccuracy)} cy=${y} r="4"></circle>
              <text class="name" x=${at.value} y=${y + 4}>${fixed(accuracy.balancedAccuracy)}</text>`
          : svg`<text class="tick" x=${at.value} y=${y + 4}>not evaluated</text>`
      }
      ${
        pair && differences
          ? svg`<line class="bar r${i % 4}" x1=${differences.x(pair.low)} x2=${differences.x(pair.high)} y1=${y} y2=${y}></line>
              <circle class="run r${i % 4}" cx=${differences.x(pair.difference)} cy=${y} r="4"></circle>`
          : nothing
      }
      <text class=${pair?.separated ? 'name strong' : 'name'} x=${at.reading} y=${y}>${words}</text>
      ${pair ? svg`<text class="tick" x=${at.reading} y=${y + 14}>${signed(pair.difference)} [${fixed(pair.low)}, ${fixed(pair.high)}]</text>` : nothing}
      <text class="name" text-anchor="end" x=${at.reading + 220} y=${y + 4}>${seconds === undefined ? '–' : duration(seconds * 1000)}</text>
      <text class="name" text-anchor="end" x=${at.reading + 320} y=${y + 4}>${moved === undefined ? '–' : `${(100 * moved).toFixed(moved > 0 && moved < 0.01 ? 1 : 0)} %`}</text>
    </g>`
  }

  /** The pair of the reference with a run, as the run minus the reference. */
  private pairWith({ runs, pairs }: Comparison, id: string): PairedResult | undefined {
    const reference = runs[0]!.id
    const pair = pairs.find(({ a, b }) => (a === reference && b === id) || (a === id && b === reference))
    if (!pair || pair.a === reference) return pair
    return { ...pair, a: pair.b, b: pair.a, difference: -pair.difference, low: -pair.high, high: -pair.low }
  }

  private said({ runs }: Comparison): string {
    return runs
      .map(({ name, accuracy }) => `${name} ${accuracy ? fixed(accuracy.balancedAccuracy) : 'not evaluated'}`)
      .join(', ')
  }

  private differences({ runs, differences }: Comparison) {
    return html`<section>
      <h2>Options that differ</h2>
      <div class="scroll" tabindex="0" role="region" aria-label="Options that differ">
        <table>
          <thead>
            <tr>
              <th>Field of the run file</th>
              ${runs.map(({ name }, i) => html`<th><i class="r${i % 4}"></i>${name}</th>`)}
            </tr>
          </thead>
          <tbody>
            ${differences.map(
              ({ path, values }) =>
                html`<tr>
                  <td class="mono dim">${path}</td>
                  ${values.map((value) => html`<td class="mono" ${styled({ 'max-width': '260px' })}>${value ?? '·'}</td>`)}
                </tr>`,
            )}
          </tbody>
        </table>
      </div>
    </section>`
  }

  private export(comparison: Comparison): Exportable {
    return {
      name: 'comparison',
      svg: () => drawingOf(this.renderRoot, 'compare'),
      rows: () => [
        [
          'run',
          'strategy',
          'seed',
          'balanced accuracy',
          'low',
          'high',
          'difference',
          'difference low',
          'difference high',
          'p (Holm)',
          'separated',
          'seconds',
          'moved',
        ],
        ...comparison.runs.map((run) => {
          const { accuracy } = run
          const pair = this.pairWith(comparison, run.id)
          return [
            run.id,
            run.strategy,
            run.seed,
            ...[accuracy?.balancedAccuracy, accuracy?.low, accuracy?.high],
            ...[pair?.difference, pair?.low, pair?.high, pair?.p, pair && String(pair.separated)],
            run.seconds,
            run.moved,
          ]
        }),
      ],
    }
  }
}
