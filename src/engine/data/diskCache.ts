import { createHash } from 'node:crypto'
import type { DecodeOptions } from './decode'
import { FolderCache } from './folderCache'

/** Raised when the same bytes would decode to other pixels. */
export const decodeVersion = 2

/**
 * Decoded pixels on disk, keyed by the file's contents and how it was decoded, so that a renamed or copied image
 * is still known and a changed one never mistaken.
 */
export class DiskCache {
  private readonly files: FolderCache

  constructor(folder: string, limitBytes = 2 * 1024 * 1024 * 1024) {
    this.files = new FolderCache(folder, limitBytes)
  }

  async read(bytes: Uint8Array, options: DecodeOptions): Promise<Uint8Array | undefined> {
    const pixels = await this.files.read(keyOf(bytes, options))
    return pixels?.length === options.size * options.size * 3 ? pixels : undefined
  }

  async write(bytes: Uint8Array, options: DecodeOptions, pixels: Uint8Array): Promise<void> {
    await this.files.write(keyOf(bytes, options), pixels)
  }
}

function keyOf(bytes: Uint8Array, { size, background, resize = 'fill' }: DecodeOptions): string {
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return `v${decodeVersion}-${size}-${resize}-${background.join('.')}/${sha256.slice(0, 2)}/${sha256}.rgb`
}
