import {
  emptyView,
  EVENT_VERSION,
  foldEvents,
  LAYER_MEASURES,
  type LayerMeasure,
  type LayerWindow,
  type RunEvent,
  type RunEventBody,
  type RunView,
} from '../../events'

/** Bytes of layer measures that a session keeps; beyond, every second step is given up. */
const ROWS_LIMIT = 64e6

/** What displays read of a run: its view, and its layer measures over steps. A live session or a run on disk. */
export interface RunHistory {
  view(): RunView | Promise<RunView>
  /** Smallest and largest of a measure by layer, over at most `columns` columns. */
  window(measure: LayerMeasure, columns: number): LayerWindow | Promise<LayerWindow>
}

/** What a session has told so far, kept in memory. */
export class SessionRecord implements RunHistory {
  private readonly told: RunEventBody[] = []
  private waiting: RunEvent[] = []
  private folded: RunView = emptyView()
  private seq = 0
  private rows = new Map<number, Float32Array>()
  private stride = 1

  append(event: RunEventBody, t = Date.now()): void {
    this.told.push(event)
    this.waiting.push({ ...event, v: EVENT_VERSION, seq: this.seq++, t, attempt: 1 } as RunEvent)
  }

  /** The measures of a step, `layers × LAYER_MEASURES`. */
  addRow(step: number, values: Float32Array): void {
    if (step % this.stride !== 0) return
    this.rows.set(step, values.slice())
    if (this.rows.size * values.byteLength <= ROWS_LIMIT) return
    this.stride *= 2
    for (const known of [...this.rows.keys()]) if (known % this.stride !== 0) this.rows.delete(known)
  }

  view(): RunView {
    if (this.waiting.length > 0) this.folded = foldEvents(this.folded, this.waiting)
    this.waiting = []
    return this.folded
  }

  /** A layer's measure at a step; undefined when it was not measured. */
  measured(step: number, layer: number, measure: LayerMeasure): number | undefined {
    return this.rows.get(step)?.[layer * LAYER_MEASURES.length + LAYER_MEASURES.indexOf(measure)]
  }

  /** The newest measures, undefined before the first step. */
  latest(layer: number, measure: LayerMeasure): number | undefined {
    const step = [...this.rows.keys()].at(-1)
    return step === undefined ? undefined : this.measured(step, layer, measure)
  }

  window(measure: LayerMeasure, columns: number): LayerWindow {
    const steps = [...this.rows.keys()]
    const layers = [...this.view().layers.keys()]
    const each = Math.max(1, Math.ceil(steps.length / columns))
    const n = Math.ceil(steps.length / each)
    const answer: LayerWindow = {
      measure,
      layers,
      columns: n,
      from: new Float64Array(n),
      to: new Float64Array(n),
      low: new Float32Array(layers.length * n).fill(NaN),
      high: new Float32Array(layers.length * n).fill(NaN),
    }
    for (let column = 0; column < n; column++) {
      const inside = steps.slice(column * each, (column + 1) * each)
      answer.from[column] = inside[0]!
      answer.to[column] = inside.at(-1)!
      for (const layer of layers) {
        const values = inside.map((step) => this.measured(step, layer, measure)!)
        answer.low[layer * n + column] = Math.min(...values)
        answer.high[layer * n + column] = Math.max(...values)
      }
    }
    return answer
  }

  /** Takes over what another session told up to a step: what was done there after it is not this one's past. */
  inherit(other: SessionRecord, until: number): void {
    for (const event of other.told) if (isBefore(event, until)) this.append(event)
    for (const [step, row] of other.rows) if (step <= until) this.addRow(step, row)
  }

  /** What was done live, by step: `freeze`, `rate` and so on, in order. */
  actions(): { at: number; action: unknown; source: string }[] {
    return this.told.flatMap((event) =>
      event.kind === 'control' ? [{ at: event.step, action: event.action, source: event.source }] : [],
    )
  }
}

/** Whether an event belongs to the past of a session that stands after `until` steps. */
function isBefore(event: RunEventBody, until: number): boolean {
  switch (event.kind) {
    case 'run-started':
      return true
    case 'step':
    case 'eval':
    case 'picture':
    case 'alarm':
      return event.step <= until
    case 'control':
    case 'phase':
      // done before the step that follows
      return event.step < until
    default:
      return false
  }
}
