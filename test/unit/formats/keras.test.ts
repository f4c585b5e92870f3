import { mkdtempSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as tfl from '@tensorflow/tfjs-layers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ModelSpec } from '../../../src/spec/schema'
import { openBackend, tf } from '../../../src/engine/backend'
import { loadModel } from '../../../src/engine/formats'
import { createBank, inferStages, layerTable, runGraph, type LoadedModel } from '../../../src/engine/network'
import { RandomStream } from '../../../src/engine/random'
import { functionalModel, sequentialModel, tfjsFiles } from './keras-models'

const root = mkdtempSync(join(tmpdir(), 'thaw-keras-'))
const folder = join(root, 'model')

beforeAll(async () => {
  await openBackend('cpu')
})
afterAll(() => rmSync(root, { recursive: true }))

function write(files: ReadonlyMap<string, Uint8Array | string>): void {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
  for (const [name, bytes] of files) writeFileSync(join(folder, name), bytes)
}

const load = (pixels?: ModelSpec['pixels']): Promise<LoadedModel> =>
  loadModel({ source: 'model.json', pixels }, { base: folder, media: folder, keepHead: true })

function images([height, width]: readonly number[]) {
  const random = new RandomStream(3, 'pixels')
  return tf.tensor4d(
    Float32Array.from({ length: 2 * height! * width! * 3 }, () => random.range(0, 255)),
    [2, height!, width!, 3],
  )
}

/** Largest difference between stock tfjs's output and ours. */
function difference(model: tfl.LayersModel, { graph, values }: LoadedModel): number {
  const bank = createBank(values)
  const x = images(graph.inputShape)
  const wanted = (model.predict(x) as ReturnType<typeof images>).dataSync()
  const got = runGraph(graph, x, { parameters: bank }).output.dataSync()
  expect(got.length).toBe(wanted.length)
  bank.dispose()
  return Math.max(...Array.from(wanted, (value, i) => Math.abs(value - got[i]!)))
}

describe('tfjs layers model.json', () => {
  it('computes what stock tfjs computes, for every layer that is read, from several shards', async () => {
    const model = functionalModel()
    write(await tfjsFiles(model, 200))
    const loaded = await load()
    expect(difference(model, loaded)).toBeLessThan(1e-5)
    expect(inferStages(loaded.graph).at(-1)!.name).toBe('head')
    expect([...loaded.graph.parameters.keys()]).toContain('Conv1/kernel')
    const norm = layerTable(loaded.graph).find((layer) => layer.name === 'bn_Conv1')!
    expect(norm.names).toEqual(['bn_Conv1/beta', 'bn_Conv1/moving_mean', 'bn_Conv1/moving_variance'])
  })

  it('resolves nested and Sequential models, and scales pixels as told', async () => {
    const model = sequentialModel()
    write(await tfjsFiles(model))
    expect(difference(model, await load('0..255'))).toBeLessThan(1e-3)
    const { graph } = await load()
    expect(graph.nodes[1]!.op).toEqual({
      kind: 'normalize',
      mean: [127.5, 127.5, 127.5],
      std: [127.5, 127.5, 127.5],
    })
    expect(graph.nodes[2]!.name).toMatch(/^inner\//)
  })

  it.each([
    ['0..1', [0, 0, 0], [255, 255, 255]],
    ['-1..1', [127.5, 127.5, 127.5], [127.5, 127.5, 127.5]],
    // torchvision's means and deviations, times 255
    ['imagenet', [123.675, 116.28, 103.53], [58.395, 57.12, 57.375]],
  ] as const)('takes pixels as model.pixels says: %s', async (pixels, mean, std) => {
    write(await tfjsFiles(sequentialModel()))
    expect((await load(pixels)).graph.nodes[1]!.op).toEqual({ kind: 'normalize', mean, std })
  })

  it('leaves the scaling to a Rescaling layer of the file, unless told what that one expects', async () => {
    const model = tfl.sequential({
      layers: [
        tfl.layers.rescaling({ scale: 2, offset: -1, inputShape: [8, 8, 3] }),
        tfl.layers.conv2d({ filters: 2, kernelSize: 3 }),
      ],
    })
    write(await tfjsFiles(model))
    expect(difference(model, await load())).toBeLessThan(1e-3)
    const { graph } = await load('0..1')
    const scalings = graph.nodes.flatMap(({ op }) => (op.kind === 'normalize' ? [op] : []))
    expect(scalings).toEqual([
      { kind: 'normalize', mean: [0, 0, 0], std: [255, 255, 255] },
      { kind: 'normalize', mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
    ])
  })

  it.each(['none', 'thaw:efficientnet-lite0', 'net.safetensors'])(
    'refuses model.pixels for %s, whose architecture says it',
    async (source) => {
      const spec = { source, architecture: 'small_cnn', pixels: '0..1' } as const
      await expect(loadModel(spec, { base: folder, media: folder })).rejects.toThrow(
        `model.pixels: ${source} has the scaling of its architecture; leave model.pixels out`,
      )
    },
  )

  it('reads affine quantized weights', async () => {
    const files = await tfjsFiles(sequentialModel())
    const json = JSON.parse(new TextDecoder().decode(files.get('model.json'))) as {
      weightsManifest: { paths: string[]; weights: { shape: number[] }[] }[]
    }
    const [group] = json.weightsManifest
    const count = group!.weights.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0)
    const weights = group!.weights.map((weight) => ({
      ...weight,
      quantization: { dtype: 'uint8', scale: 0.5, min: -1 },
    }))
    const quantized = { ...json, weightsManifest: [{ paths: ['q.bin'], weights }] }
    write(
      new Map<string, Uint8Array | string>([
        ['model.json', JSON.stringify(quantized)],
        ['q.bin', new Uint8Array(count).fill(3)],
      ]),
    )
    const { values } = await load()
    for (const { data } of values.values()) expect(new Set(data)).toEqual(new Set([0.5]))
  })

  /** A one-layer model with this layer put in, and no weights. */
  const withLayer = (className: string, config: object) =>
    JSON.stringify({
      modelTopology: {
        class_name: 'Sequential',
        config: {
          name: 'm',
          layers: [
            {
              class_name: className,
              config: { name: 'block_3_part', batch_input_shape: [null, 8, 8, 3], ...config },
            },
          ],
        },
      },
      weightsManifest: [],
    })

  it.each([
    [
      'an unsupported layer, by its path',
      withLayer('LSTM', {}),
      /model\.json: layer 'block_3_part' is a LSTM, which is not supported; supported are Conv2D/,
    ],
    ['a layer from the prototype', withLayer('constructor', {}), /is a constructor, which is not supported/],
    [
      'an unsupported activation',
      withLayer('Activation', { activation: 'gelu' }),
      /'block_3_part' \(Activation\) has the activation "gelu"/,
    ],
    [
      'channels first',
      withLayer('Conv2D', { data_format: 'channels_first', kernel_size: 3, filters: 2 }),
      /only channels_last/,
    ],
    [
      'groups',
      withLayer('Conv2D', { groups: 3, kernel_size: 3, filters: 3 }),
      /has groups 3, which is not supported/,
    ],
    [
      'a weight that is not there',
      withLayer('Conv2D', { kernel_size: 3, filters: 2 }),
      /has no weight 'kernel' in the file/,
    ],
    [
      'a kernel size of nonsense',
      withLayer('Conv2D', { kernel_size: -3, filters: 2 }),
      /has kernel_size -3, not one or two whole numbers/,
    ],
    ['an odd ReLU', withLayer('ReLU', { max_value: 3 }), /has max_value 3; only 6 or none/],
    [
      'one channel',
      withLayer('ReLU', { batch_input_shape: [null, 8, 8, 1] }),
      /the input must be \[height, width, 3\], it is \[8, 8, 1\]/,
    ],
    [
      'no input size',
      withLayer('ReLU', { batch_input_shape: [null, null, null, 3] }),
      /does not say its input size; set model.inputSize/,
    ],
    [
      'a graph model',
      '{"format":"graph-model","modelTopology":{"node":[]}}',
      /is a tfjs graph model, which cannot be trained/,
    ],
    [
      "a user's class",
      '{"modelTopology":{"class_name":"Mine","config":{}},"weightsManifest":[]}',
      /a model of class 'Mine' is not supported/,
    ],
    [
      'no layers',
      '{"modelTopology":{"class_name":"Sequential","config":{"layers":[]}},"weightsManifest":[]}',
      /its model has no layers/,
    ],
    ['no JSON', '{"modelTopology":', /model\.json is not a JSON object/],
    ['JSON nested 200,000 deep', '['.repeat(200_000), /model\.json is not a JSON object/],
    ['a list', '[]', /not a JSON object/],
    [
      'a manifest of nonsense',
      '{"modelTopology":{},"weightsManifest":[{"paths":[1]}]}',
      /weightsManifest\.0\.paths\.0: /,
    ],
    ['__proto__', '{"__proto__":{"modelTopology":{}}}', /has no modelTopology/],
  ])('refuses %s in a sentence', async (_, json, message) => {
    write(new Map([['model.json', json]]))
    const failure: unknown = await load().catch((error: unknown) => error)
    expect((failure as Error).name).toBe('UserError')
    expect((failure as Error).message).toMatch(message)
  })

  it('refuses shards that climb out, by name or by link, and says so', async () => {
    writeFileSync(join(root, 'secret.bin'), 'secret')
    const shard = (path: string) =>
      JSON.stringify({
        modelTopology: { class_name: 'Sequential', config: [] },
        weightsManifest: [{ paths: [path], weights: [{ name: 'a', shape: [6], dtype: 'uint8' }] }],
      })
    for (const path of [
      '../secret.bin',
      'x/../../secret.bin',
      join(root, 'secret.bin'),
      'file:///etc/passwd',
      'https://example.com/x.bin',
      '\\\\host\\x',
      'a\0b',
    ]) {
      write(new Map([['model.json', shard(path)]]))
      await expect(load()).rejects.toThrow("lies outside the model's folder; it is not read")
    }
    write(new Map([['model.json', shard('link.bin')]]))
    symlinkSync(join(root, 'secret.bin'), join(folder, 'link.bin'))
    await expect(load()).rejects.toThrow("the shard 'link.bin' lies outside the model's folder")
    write(new Map([['model.json', shard('loop.bin')]]))
    symlinkSync(join(folder, 'loop.bin'), join(folder, 'loop.bin'))
    await expect(load()).rejects.toThrow('is a loop of symbolic links')
    write(new Map([['model.json', shard('absent.bin')]]))
    await expect(load()).rejects.toThrow("there is no file model.json's shard absent.bin")
  })

  it('says when shards are too short or a weight occurs twice', async () => {
    const files = await tfjsFiles(sequentialModel())
    const whole = files.get('group1-shard1.bin')!
    write(new Map(files).set('group1-shard1.bin', whole.subarray(4)))
    await expect(load()).rejects.toThrow(/its weights need \d+ bytes, its shards .* have \d+/)
    const nan = new Float32Array(whole.slice().buffer)
    nan[0] = NaN
    write(new Map(files).set('group1-shard1.bin', new Uint8Array(nan.buffer)))
    await expect(load()).rejects.toThrow(/model\.json has NaN or infinite values in .*kernel/)
  })
})
