import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, it } from 'vitest'
import { openBackend, tf } from '../../../src/engine/backend'
import { loadModel } from '../../../src/engine/formats'
import { createBank, runGraph } from '../../../src/engine/network'

/** Written by Keras itself, with what Keras computes: see test/reference/keras_file.py. */
const folder = join(import.meta.dirname, '../../fixtures/keras')

interface Predictions {
  keras: string
  shape: [number, number, number, number]
  pixels: number[]
  logits: number[][]
}
const wanted = JSON.parse(readFileSync(join(folder, 'small.json'), 'utf8')) as Predictions

beforeAll(async () => {
  await openBackend('cpu')
})

it(`a .keras file that Keras ${wanted.keras} wrote gives the logits that Keras gives`, async () => {
  const { graph, values } = await loadModel(
    { source: 'small.keras' },
    { base: folder, media: folder, keepHead: true },
  )
  const bank = createBank(values)
  const x = tf.tensor4d(wanted.pixels, wanted.shape)
  const { output } = runGraph(graph, x, { parameters: bank })
  const got = [...output.dataSync()]
  const scale = Math.max(...wanted.logits.flat().map(Math.abs))
  expect(got).toHaveLength(wanted.logits.flat().length)
  wanted.logits.flat().forEach((value, i) => expect(Math.abs(value - got[i]!) / scale).toBeLessThan(1e-4))
  tf.dispose([x, output])
  bank.dispose()
})
