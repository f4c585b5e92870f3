import { LitElement, html, nothing, svg, unsafeCSS, type PropertyValues } from 'lit'
import { customElement, property, state } from 'lit/decorators.js'
import type { PredictionTable, ThumbnailTable } from '../../src/events/artifacts'
import type { Theme } from '../colour'
import { drawingOf, type Exportable } from '../export'
import '../exportMenu'
import { count, cut, fixed } from '../format'
import type { Host } from '../panel/host'
import type { PanelState } from '../panel/state'
import section from '../section.css'
import shared from '../shared.css'
import tables from '../table.css'
import { confusionPicture, confusionTable } from './confusion'
import own from './predictions.css'
import { leastSure, mostWrong, ofCell } from './rank'
import { confusionOf, recalls, type ClassRecall } from './recall'

type Split = PredictionTable['split']

/** So many images are shown of a list at first; a button shows more. */
const SHOWN = 8

/** Confusion matrix, most wrong and least sure images, recall by class: of the newest evaluation of a split. */
@customElement('thaw-predictions')
export class Predictions extends LitElement {
  static override styles = [unsafeCSS(shared), unsafeCSS(section), unsafeCSS(tables), unsafeCSS(own)]

  @property({ attribute: false }) data!: PanelState
  @property({ attribute: false }) host!: Host
  @property() theme: Theme = 'dark'
  @state() private split?: Split
  @state() private table?: PredictionTable
  @state() private thumbnails: Partial<Record<Split, ThumbnailTable>> = {}
  @state() private trouble?: string
  @state() private cell?: { label: number; predicted: number }
  @state() private more = { wrong: SHOWN, sure: SHOWN, cell: SHOWN }

  private asked = ''

  override willUpdate(changed: PropertyValues): void {
    if (changed.has('data') || changed.has('split')) void this.load()
  }

  private get splits(): Split[] {
    return (['test', 'val'] as const).filter((split) => `predictions-${split}.json` in this.data.artifacts)
  }

  private async load(): Promise<void> {
    const split = this.split ?? this.splits[0]
    if (!split) return
    const { artifacts, attempt } = this.data
    const name = `predictions-${split}.json`
    const pictures = `thumbnails-${split}.json`
    const want = `${attempt}/${name}/${artifacts[name]}/${artifacts[pictures]}`
    if (want === this.asked) return
    this.asked = want
    try {
      const { data } = await this.host.ask({ type: 'artifact', name })
      if (want !== this.asked) return
      this.table = data as PredictionTable
      this.trouble = undefined
      if (artifacts[pictures] === undefined) return
      const found = await this.host.ask({ type: 'artifact', name: pictures })
      this.thumbnails = { ...this.thumbnails, [split]: found.data as ThumbnailTable }
    } catch (error) {
      this.trouble = error instanceof Error ? error.message : String(error)
    }
  }

  override render() {
    const { table } = this
    if (!table)
      return html`<p class="wait" data-state="empty">
        ${
          this.trouble ??
          'No images have been predicted yet. Confusion matrix and images appear with the first evaluation; `train.evaluateEvery` in the run file sets how often there is one.'
        }
      </p>`
    const confusion = confusionOf(table)
    const rows = recalls(table.classes, confusion)
    return html`<div class="sections">
      ${this.trouble ? html`<p class="wait" role="alert">${this.trouble}</p>` : nothing}
      <section class="matrix">
        <div class="head">
          <h2>Confusion, ${count(table.labels.length, `${table.split} image`)}</h2>
          ${this.chooser()}
          <thaw-export
            .host=${this.host}
            what="confusion matrix"
            .picture=${() => this.exportConfusion(confusion)}
          ></thaw-export>
        </div>
        <p class="dim">
          Rows: true class; columns: predicted. Shade: share of the row. Step
          ${table.step}.${table.total > table.labels.length ? ` The worst ${table.labels.length} of ${table.total} images.` : ''}
        </p>
        <div class="scroll" tabindex="0" role="region" aria-label="Confusion matrix">
          ${confusionPicture({
            classes: table.classes,
            confusion,
            theme: this.theme,
            chosen: this.cell,
            choose: (label, predicted) => this.choose(label, predicted),
          })}
        </div>
        ${confusionTable(table.classes, confusion)}
      </section>
      <div class="lists">
        ${this.cell ? this.cellList(table) : nothing}
        ${this.list('wrong', 'Most wrong', 'True class in bold, then what the network said and how sure it was.', mostWrong(table), 'Every image is right.')}
        ${this.list('sure', 'Least sure', 'Smallest gap between the first two classes.', leastSure(table), '')}
        ${this.recall(rows)}
      </div>
    </div>`
  }

  private choose(label: number, predicted: number): void {
    const same = this.cell?.label === label && this.cell.predicted === predicted
    this.cell = same ? undefined : { label, predicted }
    this.more = { ...this.more, cell: SHOWN }
  }

  private chooser() {
    const { splits } = this
    if (splits.length < 2) return nothing
    const chosen = this.table!.split
    return html`<div class="choice" role="group" aria-label="Split">
      ${splits.map(
        (split) =>
          html`<button class="plain" aria-pressed=${split === chosen} @click=${() => (this.split = split)}>
            ${split}
          </button>`,
      )}
    </div>`
  }

  private cellList(table: PredictionTable) {
    const { label, predicted } = this.cell!
    return this.list(
      'cell',
      `${table.classes[label]} said to be ${table.classes[predicted]}`,
      'The chosen cell, the surest first.',
      ofCell(table, label, predicted),
      'No image is in this cell any more.',
    )
  }

  private list(
    which: 'wrong' | 'sure' | 'cell',
    title: string,
    words: string,
    images: number[],
    none: string,
  ) {
    const shown = images.slice(0, this.more[which])
    return html`<section data-list=${which}>
      <h2>${title}</h2>
      <p class="dim">${shown.length > 0 ? words : none}</p>
      <ul class="images">
        ${shown.map((i) => this.image(i))}
      </ul>
      ${
        images.length > shown.length
          ? html`<button
              class="plain"
              @click=${() => (this.more = { ...this.more, [which]: this.more[which] * 3 })}
            >
              ${count(images.length - shown.length, 'more image')}
            </button>`
          : nothing
      }
    </section>`
  }

  private image(i: number) {
    const { classes, paths, labels, predicted, second, confidence, runnerUp, truth, split } = this.table!
    const path = paths[i]!
    const number = this.thumbnails[split]?.numbers[path]
    const right = labels[i] === predicted[i]
    const name = (c: number) => classes[c] ?? '?'
    // what is told second: the truth where the network was wrong, else the runner-up
    const other = right
      ? { name: name(second[i]!), p: runnerUp[i]! }
      : { name: name(labels[i]!), p: truth[i]! }
    return html`<li>
      <button class="image" title="${path}; opens the file" @click=${() => this.host.openImage(path)}>
        ${
          number === undefined
            ? html`<span class="none" aria-hidden="true"></span>`
            : html`<img
                alt=""
                src="${this.data.run!.artifacts}/thumbnails-${split}/${number}.jpg"
                width="44"
                height="44"
                @error=${(event: Event) => ((event.target as HTMLImageElement).hidden = true)}
              />`
        }
        <span class="words">
          <b>${name(labels[i]!)}</b>
          <span class=${right ? 'ice' : 'ember'}>${name(predicted[i]!)} ${fixed(confidence[i]!, 2)}</span>
          <span class="dim">${other.name} ${fixed(other.p, 2)}</span>
        </span>
      </button>
    </li>`
  }

  private recall(rows: readonly ClassRecall[]) {
    const mean = rows.reduce((sum, row) => sum + row.recall, 0) / Math.max(1, rows.length)
    const few = rows.filter(({ total }) => total < 15).map(({ name, total }) => `${name} (${total})`)
    const [left, width, line] = [150, 310, 17]
    const x = (share: number) => left + share * width
    const bottom = rows.length * line + 6
    return html`<section data-list="recall">
      <div class="head">
        <h2>Recall by class</h2>
        <thaw-export
          .host=${this.host}
          what="recall by class"
          .picture=${() => this.exportRecall(rows)}
        ></thaw-export>
      </div>
      <p class="dim">
        95 % interval
        (Wilson).${few.length > 0 && few.length <= 4 ? ` Few images, wide intervals: ${few.join(', ')}.` : few.length > 4 ? ` ${few.length} classes have fewer than 15 images.` : ''}
      </p>
      <div class="scroll" tabindex="0" role="region" aria-label="Recall by class">
        <svg
          data-picture="recall"
          width=${left + width + 60}
          height=${bottom + 20}
          role="img"
          aria-label="Recall by class; ${rows.map(({ name, recall, total }) => `${name} ${fixed(recall, 2)} of ${total}`).join(', ')}"
        >
          ${[0, 0.5, 1].map(
            (tick) => svg`<line class="grid" x1=${x(tick)} x2=${x(tick)} y1="0" y2=${bottom}></line>
            <text class="tick" text-anchor="middle" x=${x(tick)} y=${bottom + 14}>${tick.toFixed(1)}</text>`,
          )}
          <line class="mean" x1=${x(mean)} x2=${x(mean)} y1="0" y2=${bottom}></line>
          ${Math.abs(mean - 0.5) > 0.15 && mean < 0.85 ? svg`<text class="tick" text-anchor="middle" x=${x(mean)} y=${bottom + 14}>mean ${fixed(mean)}</text>` : nothing}
          ${rows.map(({ name, total, recall, low, high }, i) => {
            const y = i * line + line / 2
            return svg`<text class="label" text-anchor="end" x=${left - 52} y=${y + 4}>${cut(name, 14)}<title>${name}</title></text>
            <text class="tick" text-anchor="end" x=${left - 14} y=${y + 4}>${total}</text>
            <line class="interval" x1=${x(low)} x2=${x(high)} y1=${y} y2=${y}></line>
            <circle class="dot" cx=${x(recall)} cy=${y} r="3.5"></circle>
            <text class="label" x=${x(1) + 12} y=${y + 4}>${fixed(recall, 2)}</text>`
          })}
        </svg>
      </div>
    </section>`
  }

  private exportConfusion(confusion: readonly number[][]): Exportable {
    const { classes, split } = this.table!
    return {
      name: `confusion-${split}`,
      svg: () => drawingOf(this.renderRoot, 'confusion'),
      rows: () => [['true class', ...classes], ...confusion.map((row, i) => [classes[i], ...row])],
    }
  }

  private exportRecall(rows: readonly ClassRecall[]): Exportable {
    return {
      name: `recall-${this.table!.split}`,
      svg: () => drawingOf(this.renderRoot, 'recall'),
      rows: () => [
        ['class', 'images', 'correct', 'recall', 'low', 'high', 'precision'],
        ...rows.map((r) => [r.name, r.total, r.correct, r.recall, r.low, r.high, r.precision]),
      ],
    }
  }
}
