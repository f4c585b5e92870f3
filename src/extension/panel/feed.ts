import {
  emptyView,
  foldEvents,
  isRunFolder,
  LayerReader,
  openRunFolder,
  type RunEvent,
  type RunView,
  type SkippedLines,
} from '../../events'
import { LAYER_MEASURES, type LayerMeasure } from '../../events/types'
import { RunWatcher } from '../../runner/watcher'
import type { Cursor, LayerHistory, LayerWindow, ToPanel } from '../protocol'
import { updateFor } from './project'
import { resumeOf, troubleOf } from './trouble'

/** News are told at most so often: a fast run has hundreds of steps a second. */
const TELL_MS = 100

/**
 * What the host knows of one run: its log, folded, and its layer rows. One feed serves every view of the run and
 * tells them only that something changed.
 */
export class RunFeed {
  private view: RunView = emptyView()
  private readonly layers: LayerReader
  private readonly watcher: RunWatcher
  private readonly listeners = new Set<() => void>()
  private timer: NodeJS.Timeout | undefined
  private how: 'ended' | 'interrupted' | undefined
  private skipped: SkippedLines = { unreadable: 0, unknown: 0, foreign: 0 }
  private gone = false

  constructor(
    readonly path: string,
    pollMs?: number,
  ) {
    this.layers = new LayerReader(openRunFolder(path).layers)
    this.watcher = new RunWatcher(path, {
      pollMs,
      onEvents: ({ events, skipped }) => {
        this.skipped = skipped
        this.take(events)
      },
      onOver: (how) => this.over(how),
    }).start()
  }

  /** The run as it stands; a run whose trainer is gone without a word has failed. */
  get current(): RunView {
    return this.how && !this.view.ended ? { ...this.view, state: 'failed' } : this.view
  }

  onChange(listener: () => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  /**
   * What has come since the cursor.
   * @param artifacts address of the run's `artifacts/` for the page
   */
  update(cursor?: Cursor, artifacts?: string): Extract<ToPanel, { type: 'update' }> {
    const answer = updateFor(this.current, this.path, cursor, Date.now(), artifacts)
    const { view, gone, how, skipped } = this
    const signs = { view, gone, how, skipped }
    const [trouble, resume] = [troubleOf(signs), resumeOf(signs)]
    const head = { ...answer.head, ...(trouble && { trouble }), ...(resume && { resume }) }
    return { ...answer, head }
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

  /** All measures of one layer over the whole run. */
  async history(layer: number, columns: number): Promise<LayerHistory> {
    await this.layers.update(this.view)
    const answers = await Promise.all(
      LAYER_MEASURES.map((measure) => this.layers.window({ measure, layers: [layer], columns })),
    )
    const first = answers[0]!
    const high = Object.fromEntries(
      answers.map((answer) => [
        answer.measure,
        Array.from(answer.high, (value) => (Number.isFinite(value) ? value : null)),
      ]),
    )
    return { layer, from: [...first.from], to: [...first.to], high }
  }

  dispose(): void {
    this.watcher.dispose()
    clearTimeout(this.timer)
    this.timer = undefined
    this.listeners.clear()
  }

  private take(events: readonly RunEvent[]): void {
    this.view = foldEvents(this.view, events)
    if (events.some((event) => event.kind === 'run-started')) this.how = undefined
    this.tell()
  }

  private over(how: 'ended' | 'interrupted'): void {
    this.how = how
    this.gone = !isRunFolder(this.path)
    this.tell()
  }

  private tell(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined
      for (const listener of this.listeners) listener()
    }, TELL_MS)
  }
}
