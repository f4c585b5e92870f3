import { createHash, randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { DecodeOptions } from './decode'

/** Raised when the same bytes would decode to other pixels. */
const version = 1

/**
 * Decoded pixels on disk, keyed by the file's contents and how it was decoded, so that a renamed or copied image
 * is still known and a changed one never mistaken. A full or read-only disk makes it slower, never wrong.
 */
export class DiskCache {
  constructor(private readonly folder: string) {}

  async read(bytes: Uint8Array, options: DecodeOptions): Promise<Uint8Array | undefined> {
    try {
      const pixels = await readFile(this.fileOf(bytes, options))
      // Anything but whole is not from us or was cut short.
      return pixels.length === options.size * options.size * 3 ? pixels : undefined
    } catch {
      return undefined
    }
  }

  async write(bytes: Uint8Array, options: DecodeOptions, pixels: Uint8Array): Promise<void> {
    const file = this.fileOf(bytes, options)
    const temporary = `${file}.${randomUUID()}`
    try {
      await mkdir(dirname(file), { recursive: true })
      await writeFile(temporary, pixels)
      await rename(temporary, file)
    } catch {
      await rm(temporary, { force: true }).catch(() => undefined)
    }
  }

  private fileOf(bytes: Uint8Array, { size, background, resize = 'fill' }: DecodeOptions): string {
    const key = createHash('sha256').update(bytes).digest('hex')
    return join(
      this.folder,
      `v${version}-${size}-${resize}-${background.join('.')}`,
      key.slice(0, 2),
      `${key}.rgb`,
    )
  }
}
