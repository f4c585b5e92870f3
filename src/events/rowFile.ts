import { open, type FileHandle } from 'node:fs/promises'
import { errorCode } from './failures'

/** Bytes read from the file at once. */
const READ_BYTES = 4 << 20

/** Does nothing when the file is not there yet. */
export async function withFile(path: string, work: (file: FileHandle) => Promise<void>): Promise<void> {
  let file: FileHandle
  try {
    file = await open(path, 'r')
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return
    throw error
  }
  try {
    await work(file)
  } finally {
    await file.close()
  }
}

/** Rows of `width` float32 in an open file; `rows` tells which of them count, in order. */
export interface RowFile {
  file: FileHandle
  rows: readonly number[]
  width: number
}

/** Gives the rows that count from index `from` to before `to`, reading runs of neighbouring rows at once. */
export async function readRows(
  { file, rows, width }: RowFile,
  from: number,
  to: number,
  give: (index: number, row: Float32Array) => void,
): Promise<void> {
  const rowBytes = width * 4
  const most = Math.max(1, Math.floor(READ_BYTES / rowBytes))
  for (let at = from; at < to;) {
    let n = 1
    while (at + n < to && n < most && rows[at + n] === rows[at]! + n) n++
    const bytes = await readBytes(file, rows[at]! * rowBytes, n * rowBytes)
    for (let i = 0; i < n; i++) give(at + i, new Float32Array(bytes.buffer, i * rowBytes, width))
    at += n
  }
}

async function readBytes(file: FileHandle, position: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length)
  for (let done = 0; done < length;) {
    const { bytesRead } = await file.read(bytes, done, length - done, position + done)
    if (bytesRead === 0) throw new Error('layers.f32 became shorter while it was read')
    done += bytesRead
  }
  return bytes
}
