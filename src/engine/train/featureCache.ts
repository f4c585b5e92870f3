import type { FolderCache } from '../data/folderCache'

/** Features of one image, without the batch axis. */
export interface Features {
  shape: number[]
  values: Float32Array
}

/** How often what was asked for was there. */
export interface CacheCounts {
  memory: number
  disk: number
  computed: number
}

export interface CacheUse extends CacheCounts {
  /** Held now in memory. */
  memoryBytes: number
}

/**
 * Features of images that cannot change: in memory as plain arrays, outside of the back end, and on disk, shared by
 * runs. `content` names what they are of (network, layer, weights below it, input size, back end), `key` the image
 * with its transform; both go into the file's name. In memory what is in stays in: every epoch asks for all, and then
 * any rule that makes room for the newest hits less often than none.
 */
export class FeatureCache {
  private readonly kept = new Map<string, Map<string, Features>>()
  private readonly writing = new Set<Promise<void>>()
  private readonly counts: CacheCounts = { memory: 0, disk: 0, computed: 0 }
  private bytes = 0

  /**
   * @param limit bytes in memory; 0: none are kept there
   * @param disk undefined: memory alone
   */
  constructor(
    private readonly limit = 512 * 2 ** 20,
    private readonly disk?: FolderCache,
  ) {}

  get use(): CacheUse {
    return { ...this.counts, memoryBytes: this.bytes }
  }

  /** Entries in memory. */
  get size(): number {
    return [...this.kept.values()].reduce((sum, { size }) => sum + size, 0)
  }

  /** Whether all are there, without reading them. */
  async has(content: string, keys: readonly string[]): Promise<boolean> {
    const known = this.kept.get(content)
    const missing = keys.filter((key) => !known?.has(key))
    if (missing.length === 0) return true
    const { disk } = this
    if (!disk) return false
    return (await Promise.all(missing.map((key) => disk.has(fileOf(content, key))))).every((there) => there)
  }

  /** All of them, or undefined where one is missing: a batch is computed as a whole. */
  async get(content: string, keys: readonly string[]): Promise<Features[] | undefined> {
    const known = this.kept.get(content)
    const inMemory = keys.map((key) => known?.get(key))
    const missing = keys.filter((_, i) => !inMemory[i])
    const read = new Map<string, Features>()
    for (const [key, features] of await Promise.all(missing.map((key) => this.read(content, key)))) {
      if (!features) return undefined
      read.set(key, features)
    }
    for (const [key, features] of read) this.remember(content, key, features)
    this.counts.memory += keys.length - missing.length
    this.counts.disk += missing.length
    return keys.map((key, i) => inMemory[i] ?? read.get(key)!)
  }

  private async read(content: string, key: string): Promise<[string, Features | undefined]> {
    const bytes = await this.disk?.read(fileOf(content, key))
    return [key, bytes && unpack(bytes)]
  }

  /** Keeps what was computed. Resolves when not too much waits for the disk. */
  async set(
    content: string,
    entries: readonly (readonly [key: string, features: Features])[],
  ): Promise<void> {
    this.counts.computed += entries.length
    for (const [key, features] of entries) {
      this.remember(content, key, features)
      if (!this.disk) continue
      const written = this.disk.write(fileOf(content, key), pack(features)).finally(() => {
        this.writing.delete(written)
      })
      this.writing.add(written)
    }
    while (this.writing.size > MOST_WAITING) await Promise.race(this.writing)
  }

  private remember(content: string, key: string, features: Features): void {
    const { byteLength } = features.values
    if (this.bytes + byteLength > this.limit) return
    let known = this.kept.get(content)
    if (!known) this.kept.set(content, (known = new Map()))
    if (known.has(key)) return
    known.set(key, features)
    this.bytes += byteLength
  }

  /** Forgets in memory what will not be asked for again. */
  drop(content: string): void {
    for (const { values } of this.kept.get(content)?.values() ?? []) this.bytes -= values.byteLength
    this.kept.delete(content)
  }

  /** Resolves when all is on disk. */
  async flush(): Promise<void> {
    await Promise.all(this.writing)
  }
}

const MOST_WAITING = 64

const fileOf = (content: string, key: string): string => `${content}/${key.slice(0, 2)}/${key}.f32`

/** Rank, sizes, values; little-endian as every machine that Thaw runs on. */
function pack({ shape, values }: Features): Uint8Array {
  const head = Int32Array.from([shape.length, ...shape])
  const bytes = new Uint8Array(head.byteLength + values.byteLength)
  bytes.set(new Uint8Array(head.buffer))
  bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), head.byteLength)
  return bytes
}

function unpack(bytes: Uint8Array): Features | undefined {
  // a copy: the bytes need not begin where a float may
  const { buffer } = new Uint8Array(bytes)
  const rank = new Int32Array(buffer, 0, 1)[0]!
  const start = 4 * (1 + rank)
  if (rank < 1 || rank > 6 || start > buffer.byteLength) return undefined
  const shape = [...new Int32Array(buffer, 4, rank)]
  const values = new Float32Array(buffer, start)
  return values.length === shape.reduce((a, b) => a * b, 1) ? { shape, values } : undefined
}
