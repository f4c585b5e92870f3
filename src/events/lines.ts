const NEWLINE = 0x0a

/**
 * Cuts a stream of bytes into lines, whatever the chunks. It works on bytes, so that a character of several bytes
 * that is cut between two chunks is put together again before anything is decoded.
 */
export class LineSplitter {
  private rest: Uint8Array[] = []
  private restBytes = 0

  /** Bytes of the line that has no end yet. */
  get pending(): number {
    return this.restBytes
  }

  /** The lines that this chunk completes, without their newline. */
  push(chunk: Uint8Array): string[] {
    const lines: string[] = []
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      lines.push(this.take(chunk.subarray(start, end)))
      start = end + 1
    }
    if (start < chunk.length) {
      this.rest.push(chunk.slice(start))
      this.restBytes += chunk.length - start
    }
    return lines
  }

  private take(tail: Uint8Array): string {
    if (this.restBytes === 0) return Buffer.from(tail.buffer, tail.byteOffset, tail.length).toString('utf8')
    const line = Buffer.concat([...this.rest, tail]).toString('utf8')
    this.rest = []
    this.restBytes = 0
    return line
  }
}
