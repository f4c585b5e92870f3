import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import type { Tensor } from '@tensorflow/tfjs-core'
import { tf } from '../backend'
import type { ImageBatch } from '../data/types'
import { runGraph } from '../network'
import type { NetworkGraph, ParameterBank } from '../network/types'
import { floats } from '../optim/floats'
import { FeatureCache } from './featureCache'
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
  private shape: number[] = []
  private keyed = false
  readonly cache = new FeatureCache()

  constructor(
    private readonly graph: NetworkGraph,
    private readonly bank: ParameterBank,
    private readonly size: number,
  ) {}

  /** To be called whenever what trains has changed. */
  enter(active: ActivePhase): void {
    this.prefix = frozenPrefix(this.graph, active)
    this.shape = []
    this.keyed = false
  }

  get layer(): string | undefined {
    return this.prefix
  }

  /** @param fixed each image is the same whenever it comes: its features may be kept */
  input(batch: ImageBatch, fixed: boolean): NetworkInput {
    const prefix = this.prefix
    if (!prefix) return { x: pixels(batch) }
    const keys = fixed ? keysOf(batch) : []
    const known = this.lookUp(keys)
    if (known) return { x: known, from: prefix }
    const x = tf.tidy(() => runGraph(this.graph, pixels(batch), { parameters: this.bank, to: prefix }).output)
    if (fixed) this.keep(keys, x)
    return { x, from: prefix }
  }

  /** Features of plain images of the data set, when all of them are known: then nothing has to be decoded. */
  known(items: readonly number[]): NetworkInput | undefined {
    const x = this.prefix && this.lookUp(items.map((item) => `${item}:-1:0`))
    return x ? { x, from: this.prefix } : undefined
  }

  private lookUp(keys: readonly string[]): Tensor | undefined {
    if (keys.length === 0 || !this.shape.length) return undefined
    const parts: Float32Array[] = []
    for (const key of keys) {
      const features = this.cache.get(key)
      if (!features) return undefined
      parts.push(features)
    }
    const values = new Float32Array(parts.length * parts[0]!.length)
    parts.forEach((part, i) => values.set(part, i * part.length))
    return tf.tensor(values, [keys.length, ...this.shape])
  }

  private keep(keys: readonly string[], x: Tensor): void {
    if (!this.keyed) this.cache.use(`${this.prefix}/${this.size}/${this.hashPrefix()}`)
    this.keyed = true
    this.shape = x.shape.slice(1)
    const values = floats(x)
    const length = values.length / keys.length
    keys.forEach((key, i) => this.cache.set(key, values.slice(i * length, (i + 1) * length)))
  }

  /** sha256 over names and values of all that lies up to the prefix's end. */
  private hashPrefix(): string {
    const digest = sha256.create()
    for (const node of this.graph.nodes) {
      for (const name of Object.values(node.parameters)) {
        const values = floats(this.bank.get(name))
        digest.update(utf8ToBytes(name))
        digest.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
      }
      if (node.name === this.prefix) break
    }
    return bytesToHex(digest.digest())
  }
}

function keysOf({ items, views, mirrored }: ImageBatch): string[] {
  return Array.from(items, (item, i) => `${item}:${views[i]}:${mirrored ? 1 : 0}`)
}

export function pixels({ images, shape }: ImageBatch): Tensor {
  return tf.tensor4d(images, [...shape])
}
