import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import { getPrecision, prefetch, tf, type Tensor } from '../backend'
import type { BatchImages, ImageBatch } from '../data/types'
import { runGraph } from '../network'
import type { NetworkGraph, ParameterSource } from '../network/types'
import { floats } from '../optim/floats'
import type { FeatureCache, Features } from './featureCache'

export interface CachedForwardOptions {
  cache: FeatureCache
  graph: NetworkGraph
  parameters: ParameterSource
  /** All else that the values depend on: input size, back end, device, precision. */
  circumstances: string
  /** See `ImageContents.of`. */
  keys(images: BatchImages): Promise<string[]>
}

/**
 * Outputs of layers of a network whose weights stay as they are, every batch norm on its running statistics: each
 * image goes through it once. For a frozen prefix, for a probe's features and for a teacher.
 */
export class CachedForward {
  private readonly contents = new Map<string, string>()

  constructor(private readonly options: CachedForwardOptions) {}

  /**
   * Features of a batch at `layers`, [n, ...] each; the tensors are the caller's. Made of a batch as a whole where one
   * image is not known at one of the layers.
   * @param fixed the images are the same whenever they come; else nothing is kept
   */
  async outputs(images: ImageBatch, layers: readonly string[], fixed = true): Promise<Map<string, Tensor>> {
    if (!fixed) return run(this.options, await whole(images), layers)
    const { cache } = this.options
    const keys = await this.options.keys(images)
    const known = await this.lookUp(keys, layers)
    if (known) return known
    const made = run(this.options, await whole(images), layers)
    for (const [layer, x] of made) await cache.set(this.contentOf(layer), split(keys, x))
    return made
  }

  /** What is known of images, without their pixels; undefined where anything is missing. */
  async known(images: BatchImages, layers: readonly string[]): Promise<Map<string, Tensor> | undefined> {
    return this.lookUp(await this.options.keys(images), layers)
  }

  private async lookUp(
    keys: readonly string[],
    layers: readonly string[],
  ): Promise<Map<string, Tensor> | undefined> {
    const found = new Map<string, Features[]>()
    for (const layer of layers) {
      const features = await this.options.cache.get(this.contentOf(layer), keys)
      if (!features) return undefined
      found.set(layer, features)
    }
    return new Map([...found].map(([layer, features]) => [layer, join(features)]))
  }

  /** Whether `outputs` would need no pixels. */
  async has(images: BatchImages, layers: readonly string[]): Promise<boolean> {
    const keys = await this.options.keys(images)
    for (const layer of layers) if (!(await this.options.cache.has(this.contentOf(layer), keys))) return false
    return true
  }

  /** The weights have changed, or will not be asked for again: what is in memory goes, what is on disk stays true. */
  forget(): void {
    for (const content of this.contents.values()) this.options.cache.drop(content)
    this.contents.clear()
  }

  private contentOf(layer: string): string {
    let content = this.contents.get(layer)
    if (!content) this.contents.set(layer, (content = digest(this.options, layer)))
    return content
  }
}

/** sha256 over the layers up to `layer`, names and values of all that they compute with, and the circumstances. */
function digest({ graph, parameters, circumstances }: CachedForwardOptions, layer: string): string {
  const hash = sha256.create()
  const say = (value: unknown) => hash.update(utf8ToBytes(`${JSON.stringify(value)}\n`))
  say([FORMAT, layer, circumstances, getPrecision()])
  const end = graph.nodes.findIndex(({ name }) => name === layer) + 1
  const nodes = graph.nodes.slice(0, end)
  prefetch(nodes.flatMap(({ parameters: own }) => Object.values(own).map((name) => parameters.get(name))))
  for (const { name, op, inputs, parameters: own } of nodes) {
    say([name, op, inputs, own])
    for (const parameter of Object.values(own)) {
      const values = floats(parameters.get(parameter))
      hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
    }
  }
  return bytesToHex(hash.digest()).slice(0, 40)
}

/** Raised when a layer computes otherwise than before. */
const FORMAT = 1

function run(
  { graph, parameters }: CachedForwardOptions,
  batch: ImageBatch,
  layers: readonly string[],
): Map<string, Tensor> {
  const [to, ...hooks] = layers
  const made = tf.tidy(() => {
    const { output, hooks: hooked } = runGraph(graph, pixels(batch), { parameters, to, hooks })
    return [output, ...hooks.map((layer) => hooked.get(layer)!)]
  })
  return new Map(layers.map((layer, i) => [layer, made[i]!]))
}

function join(features: readonly Features[]): Tensor {
  const { shape, values: first } = features[0]!
  const values = new Float32Array(features.length * first.length)
  features.forEach((one, i) => values.set(one.values, i * first.length))
  return tf.tensor(values, [features.length, ...shape])
}

function split(keys: readonly string[], x: Tensor): [string, Features][] {
  const values = floats(x)
  const length = values.length / keys.length
  const shape = x.shape.slice(1)
  return keys.map((key, i) => [key, { shape, values: values.slice(i * length, (i + 1) * length) }])
}

/** A batch with its pixels. */
export const whole = async (batch: ImageBatch): Promise<ImageBatch> => (batch.render ? batch.render() : batch)

export function pixels({ images, shape }: ImageBatch): Tensor {
  return tf.tensor4d(images, [...shape])
}
