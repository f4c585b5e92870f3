import * as tfl from '@tensorflow/tfjs-layers'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBackend, tf } from '../../../src/engine/backend'
import { exportModel, loadModel, readSafetensors } from '../../../src/engine/formats'
import {
  attachHead,
  backboneOf,
  channelMap,
  createBank,
  createGraph,
  cutGraph,
  initialise,
  pruneGraph,
  runGraph,
  type NetworkGraph,
  type PlainValue,
} from '../../../src/engine/network'
import { RandomStream } from '../../../src/engine/random'

const folder = mkdtempSync(join(tmpdir(), 'thaw-export-'))
beforeAll(async () => {
  await openBackend('wasm')
})
afterAll(() => rmSync(folder, { recursive: true }))

/** Values in which nothing is 0 or 1 by default. */
function someValues(graph: NetworkGraph): Map<string, PlainValue> {
  const random = new RandomStream(5, 'values')
  const values = initialise(graph, random)
  for (const info of graph.parameters.values()) {
    if (info.role !== 'kernel')
      values.get(info.name)!.data.forEach((v, i, all) => (all[i] = v + random.range(-0.2, 0.2)))
  }
  return values
}

const headed = (graph: NetworkGraph): NetworkGraph =>
  attachHead(graph, { classes: 3, dropout: 0.2, std: 0.01, random: new RandomStream(1, 'head') }).graph

const cases: [string, NetworkGraph][] = [
  [
    'EfficientNet-Lite0 cut after stage 2',
    headed(cutGraph(createGraph('efficientnet_lite0', { inputSize: 32 }), 'stage2')),
  ],
  [
    'ResNet-18, padded on both sides and scaled by channel',
    headed(cutGraph(createGraph('resnet18', { inputSize: 32 }), 'stage1')),
  ],
  ['the small CNN', headed(backboneOf(createGraph('small_cnn', { inputSize: 16 })))],
]

async function stockTfjs(files: Map<string, Uint8Array>): Promise<tfl.LayersModel> {
  const json = JSON.parse(new TextDecoder().decode(files.get('model.json'))) as {
    modelTopology: object
    weightsManifest: { weights: never[] }[]
  }
  return tfl.loadLayersModel(
    tf.io.fromMemory({
      modelTopology: json.modelTopology,
      weightSpecs: json.weightsManifest[0]!.weights,
      weightData: new Uint8Array(files.get('weights.bin')!).buffer,
    }),
  )
}

describe('export', () => {
  it.each(cases)(
    'as tfjs layers loads in stock tfjs and computes the same from the same pixels: %s',
    async (_, graph) => {
      const bank = createBank(someValues(graph))
      const files = await exportModel(graph, bank, 'tfjs', { classes: ['a', 'b', 'c'] })
      const model = await stockTfjs(files)
      const x = tf.randomUniform([2, ...graph.inputShape], 0, 255, 'float32', 3)
      const ours = Array.from(runGraph(graph, x, { parameters: bank }).output.dataSync())
      const theirs = (model.predict(x) as typeof x).dataSync()
      const scale = Math.max(...ours.map(Math.abs))
      ours.forEach((value, i) => expect(Math.abs(value - theirs[i]!) / scale).toBeLessThan(1e-4))

      for (const [name, bytes] of files) writeFileSync(join(folder, name), bytes)
      const again = await loadModel({ source: 'model.json' }, { base: folder, media: folder, keepHead: true })
      const copy = createBank(again.values)
      const back = runGraph(again.graph, x, { parameters: copy }).output.dataSync()
      ours.forEach((value, i) => expect(Math.abs(value - back[i]!) / scale).toBeLessThan(1e-4))
      bank.dispose()
      copy.dispose()
    },
  )

  it('refuses what a tfjs layers model cannot say, instead of writing something else', async () => {
    const graph = cutGraph(createGraph('resnet18', { inputSize: 32 }), 'stem')
    const nodes = graph.nodes.map((node) =>
      node.name === 'relu' ? { ...node, op: { kind: 'activation', activation: 'tanh' } as const } : node,
    )
    const bank = createBank(initialise(graph, new RandomStream(1, 'init')))
    await expect(exportModel({ ...graph, nodes }, bank, 'tfjs')).rejects.toThrow(
      "layer 'maxpool' (maxPool) pads [1,1,1,1]",
    )
    bank.dispose()
  })

  it.each([
    ['small_cnn, whole', backboneOf(createGraph('small_cnn', { inputSize: 32 })), 'inner'],
    ['mobilenet_v2, cut', cutGraph(createGraph('mobilenet_v2', { inputSize: 32 }), 'stage3'), 'inner'],
    ['resnet18, streams too', cutGraph(createGraph('resnet18', { inputSize: 32 }), 'stage2'), 'tied'],
  ] as const)('as safetensors a network of fewer channels is read again: %s', async (_, backbone, rule) => {
    const map = channelMap(headed(backbone), rule)
    const cut = map.groups.filter(({ fixed, size }) => fixed === undefined && size > 2)
    expect(cut.length).toBeGreaterThan(2)
    const odd = ({ size }: { size: number }) => Array.from({ length: size >> 1 }, (__, i) => 2 * i + 1)
    const kept = new Map(cut.map((group) => [group.name, odd(group)]))
    const { graph } = pruneGraph(headed(backbone), map, kept)
    const bank = createBank(someValues(graph))
    const files = await exportModel(graph, bank, 'safetensors')
    writeFileSync(join(folder, 'narrow.safetensors'), files.get('model.safetensors')!)
    const again = await loadModel({ source: 'narrow.safetensors' }, { base: folder, media: folder })
    const [plain, copy] = [backboneOf(graph), createBank(again.values)]
    const x = tf.randomUniform([2, ...graph.inputShape], 0, 255, 'float32', 3)
    const ours = runGraph(plain, x, { parameters: bank }).output.dataSync()
    expect(runGraph(again.graph, x, { parameters: copy }).output.dataSync()).toEqual(ours)
    bank.dispose()
    copy.dispose()
    // told by another name it still is no whole network
    const other = { source: 'narrow.safetensors', architecture: 'resnet50' }
    await expect(loadModel(other, { base: folder, media: folder })).rejects.toThrow('does not fit resnet50')
  })

  it('as safetensors gives back every value bit for bit, under names and layouts of origin', async () => {
    const graph = headed(backboneOf(createGraph('small_cnn', { inputSize: 16 })))
    const values = someValues(graph)
    const bank = createBank(values)
    const files = await exportModel(graph, bank, 'safetensors', { classes: ['a', 'b', 'c'] })
    const { tensors, metadata } = await readSafetensors(files.get('model.safetensors')!)
    expect(metadata.get('classes')).toBe('["a","b","c"]')
    // the head goes under the name of the architecture's own classifier
    expect(tensors.get('fc.weight')!.shape).toEqual([3, 128])
    expect(tensors.get('conv1.weight')!.shape).toEqual([32, 3, 3, 3])
    expect(tensors.get('bn1.num_batches_tracked')).toMatchObject({ dtype: 'I64', shape: [] })
    writeFileSync(join(folder, 'm.safetensors'), files.get('model.safetensors')!)
    const again = await loadModel(
      { source: 'm.safetensors' },
      { base: folder, media: folder, keepHead: true },
    )
    expect(again.graph.inputShape).toEqual([16, 16, 3])
    for (const [name, { data }] of again.values) {
      expect(data).toEqual(values.get(name.replace(/^fc\./, 'head.'))!.data)
    }
    bank.dispose()
  })

  it("keeps the head's own name when the backbone is cut", async () => {
    const graph = headed(cutGraph(createGraph('small_cnn', { inputSize: 16 }), 'stage1'))
    const bank = createBank(someValues(graph))
    const files = await exportModel(graph, bank, 'safetensors')
    const { tensors } = await readSafetensors(files.get('model.safetensors')!)
    expect([...tensors.keys()]).toContain('head.weight')
    bank.dispose()
    // and as the source of another run it is the backbone, which gets a head for that run's classes
    writeFileSync(join(folder, 'cut.safetensors'), files.get('model.safetensors')!)
    const again = await loadModel({ source: 'cut.safetensors' }, { base: folder, media: folder })
    expect([...again.values.keys()].sort()).toEqual(
      [...graph.parameters.keys()].filter((name) => !name.startsWith('head.')).sort(),
    )
  })
})
