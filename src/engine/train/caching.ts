import { featureFolder } from '../data'
import type { FolderCache } from '../data/folderCache'
import type { BatchImages } from '../data/types'
import type { NetworkGraph, ParameterSource } from '../network/types'
import { CachedForward, type CachedForwardOptions } from './cachedForward'
import { FeatureCache } from './featureCache'
import { FrozenFeatures, plain } from './frozenFeatures'
import type { Setup } from './setup'
import type { RunEnvironment } from './types'

/** The one cache of a session, and what it needs to know of the session to name what it keeps. */
export class Caching {
  readonly cache: FeatureCache
  private readonly circumstances: string
  private readonly disk?: FolderCache
  private told = ''

  constructor(
    private readonly setup: Setup,
    env: RunEnvironment,
  ) {
    const { spec, backend, size, images } = setup
    const { memoryBytes, disk } = featureFolder(env.cache, spec.cache)
    // images without contents of their own mean something else in the next run
    this.disk = images.contents && disk
    this.cache = new FeatureCache(memoryBytes, this.disk)
    const { name, version, threads, device } = backend
    this.circumstances = JSON.stringify([size, name, version, threads, device, spec.device])
  }

  private options(graph: NetworkGraph, parameters: ParameterSource): CachedForwardOptions {
    const { cache, circumstances } = this
    return { cache, graph, parameters, circumstances, keys: (images) => this.keys(images) }
  }

  /** For the part of a network that phases leave frozen. */
  frozen(graph: NetworkGraph, bank: ParameterSource): FrozenFeatures {
    return new FrozenFeatures(this.options(graph, bank))
  }

  /** For a network whose weights do not change as long as it is used. */
  forward(graph: NetworkGraph, parameters: ParameterSource): CachedForward {
    return new CachedForward(this.options(graph, parameters))
  }

  private keys(images: BatchImages): Promise<string[]> {
    const { contents } = this.setup.images
    if (contents) return contents.of(images)
    const { items, views, mirrored } = images
    return Promise.resolve(Array.from(items, (item, i) => `${item}.${views[i]}.${mirrored ? 1 : 0}`))
  }

  /** A small picture of an image that an earlier run drew. */
  async picture(item: number): Promise<Uint8Array | undefined> {
    return this.disk?.read(await this.pictureFile(item))
  }

  async keepPicture(item: number, picture: Uint8Array): Promise<void> {
    await this.disk?.write(await this.pictureFile(item), picture)
  }

  private async pictureFile(item: number): Promise<string> {
    const [key] = await this.keys(plain([item]))
    return `pictures-${this.setup.size}/${key!.slice(0, 2)}/${key}.jpg`
  }

  /** What has been asked for and found, as an event; undefined where nothing is new. */
  news(step: number) {
    const { memory, disk, computed, memoryBytes } = this.cache.use
    const counts = JSON.stringify([memory, disk, computed])
    if (counts === this.told || memory + disk + computed === 0) return undefined
    this.told = counts
    return { kind: 'cache' as const, step, memory, disk, computed, memoryBytes }
  }

  /** Resolves when all that can be written is on disk. */
  async close(): Promise<void> {
    await this.cache.flush()
    await this.setup.images.contents?.save()
  }
}
