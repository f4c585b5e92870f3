import { watch, type FSWatcher } from 'node:fs'
import { basename } from 'node:path'
import {
  EventReader,
  highestAttempt,
  openRunFolder,
  readStatus,
  type Liveness,
  type RunEvent,
  type SkippedLines,
} from '../events'
import { isEnded, livenessOfRun } from './liveness'

/** `events` is empty when only lines that cannot be read came. */
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
  /**
   * The newest attempt is over and its process has let go: it told so, or is gone without a word. Called once an
   * attempt, so again after a resume.
   */
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
  private pumping?: Promise<void>
  private again = false
  private disposed = false
  /** Attempt that has said that it ended. */
  private ended = 0
  /** Attempt of which it was told how it is over. */
  private told = 0

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
    const lookAt = (name: string | null) => {
      void this.pump().then(() => (name === this.logName ? undefined : this.look()))
    }
    try {
      this.watcher = watch(this.path, (_event, name) => {
        if (name === null || name === this.logName || name.startsWith('status.json')) lookAt(name)
      })
      this.watcher.on('error', () => this.watcher?.close())
    } catch {
      // the poll does it alone
    }
    this.timer = setInterval(() => lookAt(null), this.options.pollMs ?? 1000)
    lookAt(null)
    return this
  }

  dispose(): void {
    this.disposed = true
    this.watcher?.close()
    clearInterval(this.timer)
  }

  /** Reads what is new. One read at a time; a wish that comes during one is granted before its promise resolves. */
  private pump(): Promise<void> {
    this.again = true
    this.pumping ??= this.readWhileAsked()
    return this.pumping
  }

  private async readWhileAsked(): Promise<void> {
    try {
      while (this.again && !this.disposed) {
        this.again = false
        await this.readNew()
      }
    } catch {
      // a disk that cannot be read now is tried again at the next poll
    } finally {
      this.pumping = undefined
    }
  }

  private async readNew(): Promise<void> {
    for (;;) {
      const before = skippedLines(this.reader.skipped)
      const events = await this.reader.readChunk()
      if (!events || this.disposed) return
      // lines that cannot be read are news too: a log of a newer version may hold no others
      if (events.length === 0 && skippedLines(this.reader.skipped) === before) continue
      for (const { kind, attempt } of events)
        if (kind === 'run-ended') this.ended = Math.max(this.ended, attempt)
      const { cursor, skipped } = this.reader
      this.options.onEvents({ events, cursor, skipped: { ...skipped } })
    }
  }

  /** Is the newest attempt over? Only when its process has let go of the run, so that it can be resumed at once. */
  private async look(): Promise<void> {
    const now = this.state()
    if (this.disposed || now.attempt <= this.told || now.liveness === 'alive') return
    // its last words may have come since the last read
    await this.pump()
    // a watcher that began behind the last words has them from the status alone
    const ended = this.ended >= now.attempt || endedIn(this.path, now.attempt)
    if (this.disposed || now.attempt <= this.told || (now.liveness === 'unknown' && !ended)) return
    this.told = now.attempt
    this.options.onOver?.(ended ? 'ended' : 'interrupted')
  }

  private state(): { attempt: number; liveness: Liveness } {
    try {
      return { attempt: highestAttempt(this.path), liveness: livenessOfRun(this.path) }
    } catch {
      // the folder is gone
      return { attempt: Infinity, liveness: 'dead' }
    }
  }
}

const skippedLines = ({ unreadable, unknown, foreign }: SkippedLines): number =>
  unreadable + unknown + foreign

function endedIn(folder: string, attempt: number): boolean {
  const status = readStatus(folder)
  return status?.attempt === attempt && isEnded(status.state)
}
