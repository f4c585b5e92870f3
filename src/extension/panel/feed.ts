import type { LayerMeasure } from '../../events/types'
import {
  emptyView,
  EventReader,
  foldEvents,
  LayerReader,
  livenessOf,
  openRunFolder,
  readStatus,
  type RunView,
} from '../../events'
import type { Cursor, LayerWindow, ToPanel } from '../protocol'
import { updateFor } from './project'

/** Milliseconds between looks at the log; a watcher would miss changes on network drives. */
const LOOK = 200

/**
 * What the host knows of one run: its log read from a cursor, folded, and its layer rows. One feed serves every
 * panel of the run; it tells them only that something changed.
 */
export class RunFeed {
  private view: RunView = emptyView()
  private readonly events: EventReader
  private readonly layers: LayerReader
  private readonly listeners = new Set<() => void>()
  private timer: NodeJS.Timeout | undefined
  private turn: Promise<void> = Promise.resolve()
  private closed = false
  private dead: string | undefined

  constructor(readonly path: string) {
    const folder = openRunFolder(path)
    this.events = new EventReader(folder.events)
    this.layers = new LayerReader(folder.layers)
  }

  get current(): RunView {
    return this.dead && !this.view.ended ? { ...this.view, state: 'failed' } : this.view
  }

  onChange(listener: () => void): () => void {
    this.listeners.add(listener)
    if (this.listeners.size === 1) this.schedule(0)
    return () => {
      this.listeners.delete(listener)
      if (this.listeners.size === 0) clearTimeout(this.timer)
    }
  }

  /** What has come since the cursor. */
  async update(cursor?: Cursor): Promise<Extract<ToPanel, { type: 'update' }>> {
    await this.look()
    const answer = updateFor(this.view, this.path, cursor, Date.now())
    return this.dead && !this.view.ended
      ? { ...answer, head: { ...answer.head, state: 'failed', message: this.dead } }
      : answer
  }

  /** The layers' measures between two steps in at most so many columns, the greatest of each. */
  async window(
    measures: readonly LayerMeasure[],
    from: number,
    to: number,
    columns: number,
  ): Promise<LayerWindow> {
    await this.layers.update(this.view)
    const answers = await Promise.all(
      measures.map((measure) => this.layers.window({ measure, from, to, columns })),
    )
    const first = answers[0]
    return {
      from: [...(first?.from ?? [])],
      to: [...(first?.to ?? [])],
      layers: first?.layers.length ?? 0,
      values: Object.fromEntries(answers.map((answer) => [answer.measure, answer.high])),
    }
  }

  dispose(): void {
    this.closed = true
    clearTimeout(this.timer)
    this.listeners.clear()
  }

  private schedule(delay: number): void {
    clearTimeout(this.timer)
    if (this.closed || this.listeners.size === 0) return
    this.timer = setTimeout(() => {
      void this.look().finally(() => this.schedule(this.view.ended ? LOOK * 10 : LOOK))
    }, delay)
  }

  /** Reads on; calls take turns, so that an event is folded once. */
  private look(): Promise<void> {
    this.turn = this.turn.then(async () => {
      const events = await this.events.read()
      const died = this.view.ended ? undefined : this.death()
      const changed = events.length > 0 || died !== this.dead
      this.dead = died
      if (events.length > 0) this.view = foldEvents(this.view, events)
      if (changed) for (const listener of this.listeners) listener()
    })
    return this.turn
  }

  /** A trainer that is gone without a word left no last event. */
  private death(): string | undefined {
    const status = readStatus(this.path)
    if (!status || livenessOf(status) !== 'dead') return undefined
    if (['finished', 'stopped', 'failed'].includes(status.state)) return undefined
    return `The trainer (process ${status.pid}) ended without a word at step ${this.view.step}. Run \`thaw resume ${this.path}\` to go on from the last checkpoint.`
  }
}
