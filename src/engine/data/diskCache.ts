import { createHash, randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { DecodeOptions } from './decode'
import { pruneFolder } from './prune'

/** Raised when the same bytes would decode to other pixels. */
const version = 1

/**
 * Decoded pixels on disk, keyed by the file's contents and how it was decoded, so that a renamed or copied image
 * is still known and a changed one never mistaken. A full or read-only disk makes it slower, never wrong.
 * Over its limit it forgets what was used longest ago.
 */
export class DiskCache {
  /** What the folder holds, as far as this process knows. */
  private bytes?: Promise<number>

  constructor(
    private readonly folder: string,
    private readonly limitBytes = 2 * 1024 * 1024 * 1024,
  ) {}

  async read(bytes: Uint8Array, options: DecodeOptions): Promise<Uint8Array | undefined> {
    try {
      const file = this.fileOf(bytes, options)
      const pixels = await readFile(file)
      await markUsed(file)
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
      await this.makeRoom(pixels.length)
    } catch {
      await rm(temporary, { force: true }).catch(() => undefined)
    }
  }

  private async makeRoom(added: number): Promise<void> {
    const before = this.bytes
    this.bytes = before
      ? before.then((bytes) =>
          bytes + added > this.limitBytes ? pruneFolder(this.folder, this.limitBytes) : bytes + added,
        )
      : pruneFolder(this.folder, this.limitBytes)
    await this.bytes
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

const day = 86_400_000

/** Once a day is enough to tell what is in use from what is not. */
async function markUsed(file: string): Promise<void> {
  const now = Date.now()
  const { mtimeMs } = await stat(file)
  if (now - mtimeMs > day) await utimes(file, now / 1000, now / 1000)
}
