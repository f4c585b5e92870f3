import { join, resolve } from 'node:path'
import PQueue from 'p-queue'
import { UserError } from '../../spec/types'
import { decodeImage } from './decode'
import { DiskCache } from './diskCache'
import { quoted } from './findings'
import { readImageFile, reasonOf } from './inspect'
import type { Dataset } from './types'

/** Decodings at one time; libuv has four threads. */
const parallel = 4

/**
 * Decoded pixels of a data set, at most `limitBytes` of them in memory. What is in stays in: an epoch visits each
 * image once, and then any rule that makes room for the newest hits less often than none.
 */
export class ImageStore {
  private readonly decoded = new Map<string, Uint8Array>()
  private readonly underway = new Map<string, Promise<Uint8Array>>()
  private readonly queue = new PQueue({ concurrency: parallel })
  private readonly disk?: DiskCache
  private bytes = 0

  constructor(
    private readonly dataset: Dataset,
    private readonly limitBytes = 512 * 1024 * 1024,
  ) {
    if (dataset.cache) this.disk = new DiskCache(join(dataset.cache, 'decoded'))
  }

  /**
   * `size * size * 3` values of an item; shared, not to be changed.
   * @throws UserError that names the file
   */
  pixels(item: number, size: number): Promise<Uint8Array> {
    const key = `${size}/${item}`
    const known = this.decoded.get(key)
    if (known) return Promise.resolve(known)
    const begun = this.underway.get(key)
    if (begun) return begun
    const work = this.queue.add(() => this.load(item, size)).finally(() => this.underway.delete(key))
    this.underway.set(key, work)
    return work.then((pixels) => {
      if (!this.decoded.has(key) && this.bytes + pixels.length <= this.limitBytes) {
        this.decoded.set(key, pixels)
        this.bytes += pixels.length
      }
      return pixels
    })
  }

  private async load(item: number, size: number): Promise<Uint8Array> {
    const { path } = this.dataset.items[item]!
    const options = { size, background: this.dataset.background }
    try {
      const bytes = await readImageFile(resolve(this.dataset.root, path))
      const kept = await this.disk?.read(bytes, options)
      if (kept) return kept
      const pixels = await decodeImage(bytes, options)
      await this.disk?.write(bytes, options, pixels)
      return pixels
    } catch (error) {
      throw new UserError(`data: ${quoted(path)} ${reasonOf(error)}; remove or replace it`)
    }
  }
}

const stores = new WeakMap<Dataset, ImageStore>()

/** The one store of a data set: training and evaluation share what is decoded. */
export function storeOf(dataset: Dataset): ImageStore {
  let store = stores.get(dataset)
  if (!store) stores.set(dataset, (store = new ImageStore(dataset)))
  return store
}
