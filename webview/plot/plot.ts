import { LitElement, html, nothing, unsafeCSS, type PropertyValues } from 'lit'
import { customElement, property, state } from 'lit/decorators.js'
import { guard } from 'lit/directives/guard.js'
import { drawingOf, type Exportable } from '../export'
import '../exportMenu'
import type { Host } from '../panel/host'
import section from '../section.css'
import shared from '../shared.css'
import tables from '../table.css'
import tip from '../tip.css'
import { styled } from '../styled'
import type { Figure, LegendEntry, Spot } from './figure'
import own from './plot.css'
import { numbersTable } from './table'
import { nearest, walk, type Place } from './walk'

/** What a person did to a spot: Enter stands for a click too. */
export interface Act {
  act: string
  key: 'Enter' | 'ArrowLeft' | 'ArrowRight'
}

/** Width of the read-out, and how far it stays from what it reads. */
const [TIP, GAP] = [220, 10]

/** A figure with its title, read-out by pointer and keys, legend, table and export. */
@customElement('thaw-plot')
export class Plot extends LitElement {
  static override styles = [
    unsafeCSS(shared),
    unsafeCSS(section),
    unsafeCSS(tables),
    unsafeCSS(tip),
    unsafeCSS(own),
  ]

  @property({ attribute: false }) figure!: Figure
  @property({ attribute: false }) host!: Host
  @state() private at?: Place
  @state() private table = false

  override willUpdate(changed: PropertyValues): void {
    if (!changed.has('figure') || !this.at) return
    const before = (changed.get('figure') as Figure | undefined)?.spots[this.at.row]?.[this.at.column]
    if (before?.act !== undefined) this.at = this.placeOf(before.act)
    else if (!this.spotAt(this.at)) this.at = undefined
  }

  private spotAt(place: Place | undefined): Spot | undefined {
    return place && this.figure.spots[place.row]?.[place.column]
  }

  private placeOf(act: string): Place | undefined {
    for (const [row, spots] of this.figure.spots.entries()) {
      const column = spots.findIndex((spot) => spot.act === act)
      if (column >= 0) return { row, column }
    }
    return undefined
  }

  /** Reads off the spot that does this, in view and with the keyboard on it. */
  goTo(act: string): void {
    this.renderRoot.querySelector<HTMLElement>('.stage')?.focus({ preventScroll: true })
    this.at = this.placeOf(act)
    this.reveal('center')
  }

  private reveal(block: ScrollLogicalPosition = 'nearest'): void {
    void this.updateComplete.then(() =>
      this.renderRoot.querySelector('.ring')?.scrollIntoView({ block, inline: 'nearest' }),
    )
  }

  override updated(): void {
    const mark = this.spotAt(this.at)?.mark
    for (const part of this.renderRoot.querySelectorAll('svg .on')) part.classList.remove('on')
    if (mark !== undefined)
      for (const part of this.renderRoot.querySelectorAll(`svg [data-spots~="${mark}"]`))
        part.classList.add('on')
  }

  override render() {
    const { figure } = this
    const { title, about, question, name, width, height } = figure
    const spot = this.spotAt(this.at)
    return html`<figure aria-label=${title}>
      <div class="head">
        <h2>${title}</h2>
        ${about ? html`<span class="dim small">${about}</span>` : nothing}
        <thaw-export .host=${this.host} what=${title} .picture=${() => this.export()}></thaw-export>
      </div>
      <p class="dim">${question}</p>
      <div class="scroll">
        <div
          class="stage"
          tabindex="0"
          role="application"
          aria-roledescription="figure"
          aria-label="${title}. Arrow keys read it off, Home and End go to the ends of a row${figure.keys ? `; ${figure.keys}` : ''}; a table of the same numbers follows."
          ${styled({ width: `${width}px`, height: `${height}px` })}
          @mousemove=${this.hover}
          @mouseleave=${() => (this.at = undefined)}
          @blur=${() => (this.at = undefined)}
          @click=${() => this.open(spot, 'Enter')}
          @keydown=${this.key}
        >
          <svg data-picture=${name} width=${width} height=${height} aria-hidden="true">
            ${guard([figure], () => figure.drawing)}
          </svg>
          ${spot ? this.readOut(spot) : nothing}
          <div class="said" role="status">
            ${spot ? `${spot.name}: ${spot.facts.map((one) => one.filter(Boolean).join(' ')).join(', ')}` : ''}
          </div>
        </div>
      </div>
      ${figure.legend ? html`<div class="legend">${guard([figure], () => figure.legend!.map(entry))}</div>` : nothing}
      ${(figure.notes ?? []).map((note) => html`<p class="note small dim">${note}</p>`)} ${this.numbers()}
    </figure>`
  }

  private readOut(spot: Spot) {
    return html`<div
        class="ring"
        ${styled({ left: `${spot.x}px`, top: `${spot.y}px`, width: `${spot.width}px`, height: `${spot.height}px` })}
      ></div>
      ${spot.quiet ? nothing : this.tip(spot)}`
  }

  private tip(spot: Spot) {
    const { width } = this.figure
    const after = spot.x + spot.width + GAP
    const left = after + TIP <= width ? after : Math.max(0, spot.x - TIP - GAP)
    return html`<div
      class="tip"
      aria-hidden="true"
      ${styled({ left: `${left}px`, top: `${Math.max(0, spot.y - 4)}px` })}
    >
      ${spot.image ? html`<img alt="" src=${spot.image} width="44" height="44" />` : nothing}
      <b>${spot.name}</b>
      <dl>
        ${spot.facts.map(
          ([what, value]) =>
            html`<dt>${what}</dt>
              <dd>${value}</dd>`,
        )}
      </dl>
    </div>`
  }

  private numbers() {
    return html`<details
      @toggle=${(event: Event) => (this.table = (event.target as HTMLDetailsElement).open)}
    >
      <summary class="small">The numbers as a table</summary>
      ${this.table ? numbersTable(this.figure.table, this.figure.title) : nothing}
    </details>`
  }

  private hover = (event: MouseEvent): void => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect()
    this.at = nearest(this.figure.spots, event.clientX - box.left, event.clientY - box.top)
  }

  private key = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    if (event.key === 'Escape') this.at = undefined
    else if (event.key === 'Enter') this.open(this.spotAt(this.at), 'Enter')
    else if (event.key === 'ArrowLeft' || event.key === 'ArrowRight') this.sideways(event, event.key)
    else this.walk(event)
  }

  private sideways(event: KeyboardEvent, key: 'ArrowLeft' | 'ArrowRight'): void {
    const spot = this.spotAt(this.at)
    if (spot?.act === undefined) return this.walk(event)
    event.preventDefault()
    this.open(spot, key)
  }

  private walk(event: KeyboardEvent): void {
    const next = walk(this.figure.spots, this.at, event.key)
    if (!next) return
    this.at = next
    event.preventDefault()
    this.reveal()
  }

  private open(spot: Spot | undefined, key: Act['key']): void {
    if (spot?.act !== undefined) {
      const detail: Act = { act: spot.act, key }
      this.dispatchEvent(new CustomEvent('act', { detail }))
    } else if (spot?.opens !== undefined) this.host.openImage(spot.opens)
  }

  private export(): Exportable {
    const { name, table } = this.figure
    return {
      name,
      svg: () => drawingOf(this.renderRoot, name),
      rows: () => [table.columns, ...table.rows],
    }
  }
}

function entry(one: LegendEntry) {
  if (one.kind === 'scale') {
    const stops = Array.from({ length: 12 }, (_, i) => one.colour(i / 11))
    return html`<span
      >${one.words ? `${one.words} ` : ''}${one.from}<i
        class="scale"
        ${styled({ background: `linear-gradient(90deg, ${stops.join(', ')})` })}
      ></i
      >${one.to}</span
    >`
  }
  return html`<span><i class=${one.kind} ${styled({ color: one.colour })}></i>${one.words}</span>`
}
