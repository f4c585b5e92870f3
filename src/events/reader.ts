import { open, type FileHandle } from 'node:fs/promises'
import { errorCode } from './failures'
import { decodeJson } from './json'
import { LineSplitter } from './lines'
import { classify } from './shape'
import type { RunEvent, RunEventKind } from './types'

/** Lines that gave no event, by reason. */
export interface SkippedLines {
  /** Not JSON, or not the fields of their kind. */
  unreadable: number
  /** Of a kind that this version does not know. */
  unknown: number
  /** Of another version of the format. */
  foreign: number
}

/** Decodes lines to events and counts those that give none. Empty lines are nothing. */
export function decodeLines(lines: readonly string[], skipped: SkippedLines): RunEvent[] {
  const events: RunEvent[] = []
  for (const line of lines) {
    if (line.trim() === '') continue
    let value: unknown
    try {
      value = decodeJson(line)
    } catch {
      skipped.unreadable++
      continue
    }
    const kind = classify(value)
    if (kind === 'event') events.push(value as RunEvent)
    else skipped[kind]++
  }
  return events
}

/**
 * Reads `events.jsonl` from a byte cursor while it grows. Each event is given out exactly once, when its line is
 * complete. The cursor is the offset after the last complete line: a new reader that starts there goes on without
 * a gap. A file that is not there yet gives no events.
 */
export class EventReader {
  readonly skipped: SkippedLines = { unreadable: 0, unknown: 0, foreign: 0 }
  private readonly splitter = new LineSplitter()
  private position: number
  private turn: Promise<unknown> = Promise.resolve()

  constructor(
    readonly path: string,
    cursor = 0,
    private readonly chunkBytes = 1 << 20,
  ) {
    this.position = cursor
  }

  get cursor(): number {
    return this.position - this.splitter.pending
  }

  /** All events between the cursor and the end of the file. */
  async read(): Promise<RunEvent[]> {
    const events: RunEvent[] = []
    for (;;) {
      const batch = await this.readChunk()
      if (!batch) return events
      for (const event of batch) events.push(event)
    }
  }

  /** The events that the next chunk completes, undefined at the end of the file. Calls take turns. */
  readChunk(): Promise<RunEvent[] | undefined> {
    const next = this.turn.then(() => this.step())
    this.turn = next.catch(() => undefined)
    return next
  }

  private async step(): Promise<RunEvent[] | undefined> {
    let file: FileHandle
    try {
      file = await open(this.path, 'r')
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return undefined
      throw error
    }
    try {
      const chunk = new Uint8Array(this.chunkBytes)
      const { bytesRead } = await file.read(chunk, 0, chunk.length, this.position)
      if (bytesRead === 0) return undefined
      this.position += bytesRead
      return decodeLines(this.splitter.push(chunk.subarray(0, bytesRead)), this.skipped)
    } finally {
      await file.close()
    }
  }
}

/** The complete events of these kinds in the last `bytes` bytes of a log: cheap, for lists. */
export async function readTail(
  path: string,
  kinds: readonly RunEventKind[],
  { bytes = 1 << 15, skipped = { unreadable: 0, unknown: 0, foreign: 0 } as SkippedLines } = {},
): Promise<RunEvent[]> {
  let file: FileHandle
  try {
    file = await open(path, 'r')
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return []
    throw error
  }
  try {
    const { size } = await file.stat()
    const from = Math.max(0, size - bytes)
    const chunk = new Uint8Array(size - from)
    const { bytesRead } = await file.read(chunk, 0, chunk.length, from)
    const lines = new LineSplitter().push(chunk.subarray(0, bytesRead))
    // most lines are of other kinds: not worth decoding
    const marks = kinds.map((kind) => `"kind":"${kind}"`)
    const wanted = lines.filter(
      (line, i) => (i > 0 || from === 0) && marks.some((mark) => line.includes(mark)),
    )
    const events = decodeLines(wanted, skipped)
    return events.filter((event) => kinds.includes(event.kind))
  } finally {
    await file.close()
  }
}
