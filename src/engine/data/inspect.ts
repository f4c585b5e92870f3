import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { decodeImage, ImageError, readHeader } from './decode'
import { limits } from './limits'
import type { FileFacts } from './fileIndex'

/** Side at which pictures are compared. */
const side = 32

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

/** Reads a file unless it is larger than any image may be. */
export async function readImageFile(file: string): Promise<Uint8Array> {
  const handle = await open(file, 'r')
  try {
    const { size } = await handle.stat()
    if (size > limits.bytes)
      throw new ImageError(
        'too-large',
        `has ${Math.round(size / 1e6)} MB, over the limit of ${Math.round(limits.bytes / 1e6)} MB`,
      )
    return await handle.readFile()
  } finally {
    await handle.close()
  }
}

/** Why a file cannot be used, as a clause that follows its name. */
export function reasonOf(error: unknown): string {
  if (error instanceof ImageError) return error.message
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ENOENT') return 'is no longer there'
  if (code === 'EACCES' || code === 'EPERM') return 'cannot be opened (no permission)'
  return `cannot be read (${code ?? message})`
}

/** Decodes a file once, small, and says what it is or what is wrong with it. Never throws. */
export async function inspectFile(file: string): Promise<FileFacts> {
  const facts: FileFacts = { sha256: '', width: 0, height: 0, format: '', pixels: '' }
  try {
    const bytes = await readImageFile(file)
    facts.sha256 = sha256(bytes)
    const header = await readHeader(bytes)
    Object.assign(facts, header)
    const pixels = await decodeImage(bytes, { size: side, background: [255, 255, 255] }, header)
    if (!isPlain(pixels)) facts.pixels = sha256(pixels).slice(0, 32)
  } catch (error) {
    facts.problem = {
      code: error instanceof ImageError ? error.code : 'unreadable',
      message: reasonOf(error),
    }
  }
  return facts
}

function isPlain(pixels: Uint8Array): boolean {
  for (let i = 3; i < pixels.length; i++) if (pixels[i] !== pixels[i - 3]) return false
  return true
}
