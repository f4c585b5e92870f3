import type { Tensor } from '../backend'
import type { BatchImages, ImageBatch } from '../data/types'
import { CachedForward, pixels, whole, type CachedForwardOptions } from './cachedForward'
import type { FeatureCache } from './featureCache'
import { frozenPrefix } from './frozenPrefix'
import type { ActivePhase } from './plan'

/** What the rest of the network starts from: pixels, or the output of layer `from`. The tensor is the caller's. */
export interface NetworkInput {
  x: Tensor
  from?: string
}

/** Runs the part of the network that a phase leaves frozen: without a tape, and once where an image cannot change. */
export class FrozenFeatures {
  private prefix: string | undefined
  private readonly forward: CachedForward

  constructor(private readonly options: CachedForwardOptions) {
    this.forward = new CachedForward(options)
  }

  get cache(): FeatureCache {
    return this.options.cache
  }

  /** To be called whenever what trains has changed. */
  enter(active: ActivePhase): void {
    this.prefix = frozenPrefix(this.options.graph, active)
    this.forward.forget()
  }

  /** The network is another from here on. */
  forget(): void {
    this.forward.forget()
  }

  get layer(): string | undefined {
    return this.prefix
  }

  /** @param fixed each image is the same whenever it comes: its features may be kept */
  async input(batch: ImageBatch, fixed: boolean): Promise<NetworkInput> {
    const { prefix: from } = this
    if (!from) return { x: pixels(await whole(batch)) }
    return { x: (await this.forward.outputs(batch, [from], fixed)).get(from)!, from }
  }

  /** Features of plain images of the data set, when all of them are known: then nothing has to be decoded. */
  async known(items: readonly number[]): Promise<NetworkInput | undefined> {
    const { prefix: from } = this
    const x = from && (await this.forward.known(plain(items), [from]))?.get(from)
    return x ? { x, from } : undefined
  }

  /** Whether a batch of fixed images needs no pixels. */
  async spare(images: BatchImages): Promise<boolean> {
    return this.prefix !== undefined && this.forward.has(images, [this.prefix])
  }
}

/** Images of the data set as they are. */
export const plain = (items: readonly number[]): BatchImages => ({
  items: Int32Array.from(items),
  views: new Int32Array(items.length).fill(-1),
})
