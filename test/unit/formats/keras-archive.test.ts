import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { strToU8, zipSync } from 'fflate'
import { File, ready } from 'h5wasm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBackend, tf } from '../../../src/engine/backend'
import { loadModel } from '../../../src/engine/formats'
import { flattenModel } from '../../../src/engine/formats/keras/config'
import { createBank, runGraph } from '../../../src/engine/network'
import { artifactsOf, functionalModel, sequentialModel } from './keras-models'

const folder = mkdtempSync(join(tmpdir(), 'thaw-keras3-'))
const path = join(folder, 'net.keras')
const load = () =>
  loadModel({ source: 'net.keras', pixels: '0..255' }, { base: folder, media: folder, keepHead: true })

beforeAll(async () => {
  await openBackend('cpu')
})
afterAll(() => rmSync(folder, { recursive: true }))

/** The order in which Keras keeps a layer's variables. */
const ORDER = [
  'kernel',
  'depthwise_kernel',
  'pointwise_kernel',
  'gamma',
  'beta',
  'moving_mean',
  'moving_variance',
  'bias',
]

/** An archive as keras/src/saving/saving_lib.py writes it, from a model that tfjs saved. */
async function archive(
  model: Parameters<typeof artifactsOf>[0],
  container = 'layers',
): Promise<Record<string, Uint8Array>> {
  const { modelTopology, weightSpecs, weightData } = await artifactsOf(model)
  const topology = modelTopology as { model_config?: unknown }
  const config = topology.model_config ?? topology
  const data = new Uint8Array(weightData as ArrayBuffer)
  const values = new Map<string, { shape: number[]; data: Float32Array }>()
  let at = 0
  for (const { name, shape } of weightSpecs!) {
    const bytes = 4 * shape.reduce((a, b) => a * b, 1)
    values.set(name, { shape, data: new Float32Array(data.slice(at, at + bytes).buffer) })
    at += bytes
  }
  const { FS } = await ready
  const file = new File('write.h5', 'w')
  for (const layer of flattenModel(config, 'x').layers) {
    const own = [...values].filter(([name]) => name.startsWith(`${layer.ownName}/`))
    own.sort(([a], [b]) => ORDER.indexOf(a.split('/').at(-1)!) - ORDER.indexOf(b.split('/').at(-1)!))
    own.forEach(([, value], i) => {
      const parts = `${layer.group.replaceAll('layers/', `${container}/`)}/vars`.split('/')
      parts.forEach((_, depth) => {
        const group = parts.slice(0, depth + 1).join('/')
        if (!file.get(group)) file.create_group(group)
      })
      file.create_dataset({
        name: `${parts.join('/')}/${i}`,
        data: value.data,
        shape: value.shape,
        dtype: '<f4',
      })
    })
  }
  file.close()
  const weights = FS.readFile('write.h5')
  FS.unlink('write.h5')
  return {
    'config.json': strToU8(JSON.stringify(config)),
    'model.weights.h5': weights,
    'metadata.json': strToU8('{}'),
  }
}

describe('Keras 3 archives', () => {
  it.each([
    ['functional', functionalModel, 'layers'],
    ['nested Sequential', sequentialModel, 'layers'],
    ['functional of TensorFlow 2.13', functionalModel, '_layer_checkpoint_dependencies'],
  ])('compute what tfjs computes from the same weights: %s', async (_, create, container) => {
    const model = create()
    writeFileSync(path, zipSync(await archive(model, container)))
    const { graph, values } = await load()
    const bank = createBank(values)
    const x = tf.randomUniform([2, ...graph.inputShape], 0, 255, 'float32', 7)
    const wanted = Array.from((model.predict(x) as typeof x).dataSync())
    const got = runGraph(graph, x, { parameters: bank }).output.dataSync()
    const scale = Math.max(...wanted.map(Math.abs))
    wanted.forEach((value, i) => expect(Math.abs(value - got[i]!) / scale).toBeLessThan(1e-5))
    bank.dispose()
  })

  it('refuses a bomb before unpacking it', async () => {
    const files = await archive(sequentialModel())
    const bomb = zipSync({ ...files, 'model.weights.h5': new Uint8Array(17e6) })
    expect(bomb.length).toBeLessThan(1e6)
    writeFileSync(path, bomb)
    await expect(load()).rejects.toThrow(
      /net\.keras: its model\.weights\.h5 would unpack from \d+ to 17000000 bytes; it is not read/,
    )
  })

  it('does not unpack what it does not need, whatever it is called', async () => {
    const files = await archive(sequentialModel())
    writeFileSync(
      path,
      zipSync({
        ...files,
        '../../evil.txt': strToU8('x'),
        'assets/big': new Uint8Array(1e6),
        __proto__x: strToU8('x'),
      }),
    )
    expect((await load()).values.size).toBe(6)
  })

  it.each([
    ['no zip', () => strToU8('\x89HDF\r\n\x1a\n'), /is not a whole zip archive, as \.keras files are/],
    ['an empty file', () => new Uint8Array(0), /is not a whole zip archive/],
    [
      'an archive without weights',
      () => zipSync({ 'config.json': strToU8('{}') }),
      /has no model\.weights\.h5/,
    ],
    [
      'an archive without a model',
      () => zipSync({ 'model.weights.h5': strToU8('x') }),
      /has no config\.json/,
    ],
    [
      'a config that is no JSON',
      () => zipSync({ 'config.json': strToU8('{'), 'model.weights.h5': strToU8('x') }),
      /its config\.json is not JSON/,
    ],
    [
      'weights that are no HDF5',
      () => zipSync({ 'config.json': strToU8('{}'), 'model.weights.h5': strToU8('x'.repeat(999)) }),
      /its model\.weights\.h5 is not a whole HDF5 file/,
    ],
  ])('refuses %s in a sentence', async (_, create, message) => {
    writeFileSync(path, create())
    const failure: unknown = await load().catch((error: unknown) => error)
    expect((failure as Error).name).toBe('UserError')
    expect((failure as Error).message).toMatch(message)
  })

  it('refuses a truncated archive and truncated weights', async () => {
    const files = await archive(functionalModel())
    const whole = zipSync(files)
    for (const share of [0.2, 0.5, 0.9]) {
      writeFileSync(path, whole.subarray(0, Math.floor(whole.length * share)))
      await expect(load()).rejects.toThrow(/net\.keras/)
      const weights = files['model.weights.h5']!
      const cut = weights.subarray(0, Math.floor(weights.length * share))
      writeFileSync(path, zipSync({ ...files, 'model.weights.h5': cut }))
      const failure: unknown = await load().catch((error: unknown) => error)
      expect((failure as Error).name).toBe('UserError')
    }
  })

  it('names the layer whose weights are missing', async () => {
    const files = await archive(sequentialModel())
    const config = new TextDecoder().decode(files['config.json']).replace(/"units":3/, '"units":5')
    writeFileSync(path, zipSync({ ...files, 'config.json': strToU8(config) }))
    await expect(load()).rejects.toThrow(
      /layer '.*' \(Dense\) has a weight 'kernel' of shape \[36,3\] instead of \[36,5\]/,
    )
  })
})
