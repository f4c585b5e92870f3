import * as tfl from '@tensorflow/tfjs-layers'
import type { io } from '@tensorflow/tfjs-core'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { openBackend, tf } from '../../src/engine/backend'
import { loadModel } from '../../src/engine/formats'
import { createBank, runGraph } from '../../src/engine/network'
import { RandomStream } from '../../src/engine/random'
import { relativeError } from './network-reference'
import { nsfwjsModel } from './nsfwjs'

const found = await nsfwjsModel()
if ('missing' in found) console.warn(`skipped: ${found.missing}`)
const path = 'path' in found ? found.path : ''
const SIDE = 224

/** The same file through stock tfjs layers. */
async function stock(): Promise<tfl.LayersModel> {
  const json = JSON.parse(await readFile(path, 'utf8')) as {
    modelTopology: object
    weightsManifest: io.WeightsManifestConfig
  }
  const shards = json.weightsManifest.flatMap(({ paths }) => paths)
  const bytes = Buffer.concat(await Promise.all(shards.map((shard) => readFile(join(dirname(path), shard)))))
  return tfl.loadLayersModel({
    load: () =>
      Promise.resolve({
        modelTopology: json.modelTopology,
        weightSpecs: json.weightsManifest.flatMap(({ weights }) => weights),
        weightData: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length),
      }),
  })
}

describe.skipIf('missing' in found)('the quantized MobileNetV2 of nsfwjs', () => {
  const random = new RandomStream(5, 'pixels')
  const count = SIDE * SIDE * 3
  // noise, and a picture that changes when it is turned or its channels are swapped
  const pixels = Float32Array.from({ length: 2 * count }, (_, i) => {
    const at = Math.floor((i - count) / 3)
    return i < count ? random.integer(256) : [Math.floor(at / SIDE), at % SIDE, 90][i % 3]!
  })
  let theirs: tfl.LayersModel
  beforeAll(async () => {
    await openBackend('wasm')
    theirs = await stock()
  })

  it.each([
    ['scores', true],
    ['features', false],
  ])('gives the %s that stock tfjs layers gives', async (_, keepHead) => {
    const { graph, values } = await loadModel(
      { source: path, pixels: '0..1' },
      { base: '/', media: '/', keepHead },
    )
    const bank = createBank(values)
    const x = tf.tensor4d(pixels, [2, SIDE, SIDE, 3])
    const { output } = runGraph(graph, x, { parameters: bank })
    const outputs = theirs.getLayer(graph.output.replace(/\.(relu|softmax)$/, '')).output
    const wanted = tf.tidy(
      () => tfl.model({ inputs: theirs.inputs, outputs }).predict(tf.div(x, 255)) as typeof output,
    )
    expect(output.shape).toEqual(wanted.shape)
    expect(relativeError(output.dataSync(), wanted.dataSync())).toBeLessThan(1e-4)
    tf.dispose([x, output, wanted])
    bank.dispose()
  })
})
