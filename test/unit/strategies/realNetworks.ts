import type { BatchStream, ImageBatch, Item, Split } from '../../../src/engine/data/types'
import { loadModel } from '../../../src/engine/formats'
import { mediaFolder } from '../../../src/engine/media'
import { backboneOf, createGraph, cutGraph } from '../../../src/engine/network'
import type { LoadedModel, NetworkGraph, ParameterInfo, PlainValue } from '../../../src/engine/network/types'
import { TrainingSession } from '../../../src/engine/train'
import type { ImageSource } from '../../../src/engine/train/images'
import { Collected, environment, tinySpec } from '../train/fixture'

/** What a strategy must run on; weights of all but the packaged one are drawn, since only shapes matter here. */
export const realNetworks = [
  'thaw:efficientnet-lite0',
  'resnet18',
  'resnet50',
  'mobilenet_v2',
  'small_cnn',
] as const

export async function realModel(name: string): Promise<LoadedModel> {
  if (name.startsWith('thaw:'))
    return loadModel(tinySpec('full', { model: { source: name } }).model, { base: '.', media: mediaFolder() })
  const graph = shortened(name)
  return { graph, values: madeUp(graph), source: `test:${name}` }
}

export const realGraph = (name: string): NetworkGraph => backboneOf(createGraph(name))

/** The last stage of a ResNet holds two thirds of its weights and nothing of another kind. */
const shortened = (name: string): NetworkGraph =>
  name.startsWith('resnet') ? cutGraph(realGraph(name), 'stage3') : realGraph(name)

/** He-scaled values without a distribution to speak of: a stream of 25 million normals takes seconds. */
function madeUp(graph: NetworkGraph): Map<string, PlainValue> {
  const fill = ({ role, shape }: ParameterInfo): Float32Array => {
    const data = new Float32Array(shape.reduce((a, b) => a * b, 1))
    if (role === 'gamma' || role === 'variance') return data.fill(1)
    if (role !== 'kernel') return data
    const scale = Math.sqrt((6 * shape.at(-1)!) / data.length) / 2 ** 31
    for (let i = 0; i < data.length; i++) data[i] = Math.imul(i + 1, 2654435761) * scale
    return data
  }
  return new Map(
    [...graph.parameters.values()].map((info) => [info.name, { shape: [...info.shape], data: fill(info) }]),
  )
}

/** Noise in two classes, at any size. */
export function noiseImages(batchSize: number): ImageSource {
  const splits: Split[] = ['train', 'train', 'train', 'train', 'val', 'val', 'test', 'test']
  const items = splits.map((split, i): Item => ({ path: `${split}/${i}.png`, label: i % 2, split }))
  const batch = (chosen: number[], size: number): ImageBatch => ({
    images: Float32Array.from(
      { length: chosen.length * size * size * 3 },
      (_, i) => (i * 7919 + chosen[0]!) % 256,
    ),
    shape: [chosen.length, size, size, 3],
    labels: Int32Array.from(chosen, (i) => items[i]!.label),
    items: Int32Array.from(chosen),
    views: new Int32Array(chosen.length),
  })
  const stream = (size: number): BatchStream => ({
    next: () => Promise.resolve(batch([0, 1, 2, 3].slice(0, batchSize), size)),
    state: () => ({}) as never,
    restore: () => undefined,
    close: () => Promise.resolve(),
  })
  return {
    dataset: { source: 'test:noise', classes: ['a', 'b'], items, counts: { train: 4, val: 2, test: 2 } },
    stream,
    async *evaluation(split, size, _batchSize, _mirror, only) {
      const chosen = items.flatMap((item, i) => (item.split === split && (only?.has(i) ?? true) ? [i] : []))
      if (chosen.length > 0) yield batch(chosen, size)
    },
  }
}

/** A run on a real network at a small input, two images a step, on wasm. */
export async function openReal(
  name: string,
  strategy: { name: string; [option: string]: unknown },
  { size = 32, train = {} }: { size?: number; train?: Record<string, unknown> } = {},
) {
  const spec = tinySpec(strategy, {
    backend: 'wasm',
    model: { inputSize: size },
    train: { steps: 2, batchSize: 2, measureEvery: 1000, ...train },
  })
  const sink = new Collected()
  const parts = { model: await realModel(name), images: noiseImages(2) }
  return { session: await TrainingSession.open(spec, environment(sink), parts), sink, parts }
}
