import { watch, type FSWatcher } from 'node:fs'
import { basename } from 'node:path'
import { EventReader, highestAttempt, openRunFolder, type RunEvent, type SkippedLines } from '../events'
import { livenessOfRun } from './liveness'

export interface WatchedBatch {
  events: RunEvent[]
  /** Where a new watcher goes on after these. */
  cursor: number
  skipped: SkippedLines
}

export interface WatchOptions {
  /** Where to begin; 0 for the whole log. */
  cursor?: number
  /** Time between two looks when the system reports no change, ms. */
  pollMs?: number
  onEvents(batch: WatchedBatch): void
  /** How the run is over: it told so, or its process is gone without a word. Called again after a resume. */
  onOver?(how: 'ended' | 'interrupted'): void
}

/**
 * Gives the events of a run in batches, each once, as they are written: woken by the file system, and by a slow
 * poll where that reports nothing (network drives, containers).
 */
export class RunWatcher {
  private readonly path: string
  private readonly reader: EventReader
  private readonly logName: string
  private watcher?: FSWatcher
  private timer?: NodeJS.Timeout
  private pumping = false
  private again = false
  private disposed = false
  /** Attempt whose end was told, -1 when none was. */
  private told = -1
  private ended = false

  constructor(
    folder: string,
    private readonly options: WatchOptions,
  ) {
    const opened = openRunFolder(folder)
    this.path = opened.path
    this.logName = basename(opened.events)
    this.reader = new EventReader(opened.events, options.cursor)
  }

  start(): this {
    try {
      this.watcher = watch(this.path, (_event, name) => {
        if (name === null || name === this.logName) void this.pump()
      })
      this.watcher.on('error', () => this.watcher?.close())
    } catch {
      // the poll does it alone
    }
    this.timer = setInterval(() => void this.pump().then(() => this.look()), this.options.pollMs ?? 1000)
    void this.pump().then(() => this.look())
    return this
  }

  dispose(): void {
    this.disposed = true
    this.watcher?.close()
    clearInterval(this.timer)
  }

  /** Reads what is new. One read at a time; a wish that comes during one is granted after it. */
  private async pump(): Promise<void> {
    this.again = true
    if (this.pumping) return
    this.pumping = true
    try {
      while (this.again && !this.disposed) {
        this.again = false
        await this.readNew()
      }
    } catch {
      // a disk that cannot be read now is tried again at the next poll
    } finally {
      this.pumping = false
    }
  }

  private async readNew(): Promise<void> {
    for (;;) {
      const events = await this.reader.readChunk()
      if (!events || this.disposed) return
      if (events.length === 0) continue
      for (const event of events) {
        if (event.kind === 'run-ended') this.ended = true
        else if (event.kind === 'run-started') this.ended = false
      }
      const { cursor, skipped } = this.reader
      this.options.onEvents({ events, cursor, skipped: { ...skipped } })
      if (this.ended) this.tell('ended')
    }
  }

  /** Has the process gone without a word? */
  private async look(): Promise<void> {
    if (this.disposed || this.ended) return
    let attempt: number
    try {
      attempt = highestAttempt(this.path)
      if (attempt === 0 || attempt === this.told || livenessOfRun(this.path) !== 'dead') return
    } catch {
      return this.tell('interrupted')
    }
    // its last words may have come since the last read
    await this.pump()
    if (!this.ended && !this.disposed) this.tell('interrupted', attempt)
  }

  private tell(how: 'ended' | 'interrupted', attempt = -1): void {
    if (how === 'interrupted') this.told = attempt
    this.options.onOver?.(how)
  }
}
