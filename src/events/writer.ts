import { closeSync, fstatSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs'
import { explainFailure } from './failures'
import { encodeJson } from './json'
import { EVENT_VERSION, type RunEvent, type RunEventBody } from './types'

export interface EventWriterOptions {
  attempt: number
  /** Called before every append; throws when a newer attempt has taken the run. */
  assertCurrent?: () => void
  now?: () => number
}

const NEWLINE = 0x0a

/** Kinds after which the log is flushed to the disk; the rest survives a killed process, though not a power cut. */
const DURABLE = new Set<RunEventBody['kind']>(['run-started', 'checkpoint', 'run-ended'])

/**
 * Appends events to `events.jsonl`, one write call a line, so that a kill tears at most the last line. When the
 * file does not end where this writer left it (a torn line, its own or another writer's), the next append starts
 * with a newline, so that no event is glued to the torn one.
 */
export class EventWriter {
  private readonly fd: number
  /** File size after our last append; -1 when the file ends in a torn line. */
  private end: number
  private seq = 0

  constructor(
    readonly path: string,
    private readonly options: EventWriterOptions,
  ) {
    try {
      this.fd = openSync(path, 'a+', 0o644)
    } catch (error) {
      throw explainFailure(error, 'write the event log', path)
    }
    const { size } = fstatSync(this.fd)
    const last = Buffer.alloc(1)
    if (size > 0) readSync(this.fd, last, 0, 1, size - 1)
    this.end = size === 0 || last[0] === NEWLINE ? size : -1
  }

  /** Throws a UserError when the disk is full; the event then counts as not written. */
  append(body: RunEventBody): RunEvent {
    this.options.assertCurrent?.()
    const now = this.options.now ?? Date.now
    const event = {
      v: EVENT_VERSION,
      seq: this.seq,
      t: now(),
      attempt: this.options.attempt,
      ...body,
    } as RunEvent
    try {
      const { size } = fstatSync(this.fd)
      const text = `${size === this.end ? '' : '\n'}${encodeJson(event)}\n`
      this.end = -1
      this.write(Buffer.from(text))
      if (DURABLE.has(body.kind)) fsyncSync(this.fd)
      this.end = size + Buffer.byteLength(text)
    } catch (error) {
      throw explainFailure(error, 'write the event log', this.path)
    }
    this.seq++
    return event
  }

  close(): void {
    closeSync(this.fd)
  }

  private write(bytes: Uint8Array): void {
    let done = 0
    while (done < bytes.length) done += writeSync(this.fd, bytes, done, bytes.length - done)
  }
}
