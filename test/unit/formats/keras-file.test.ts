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
  logits: Record<'small' | 'nested', number[][]>
}
const expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as Predictions

beforeAll(async () => {
  await openBackend('cpu')
})

it.each([
  ['with every layer that is read', 'small'],
  ['with a backbone inside a Sequential, compiled and trained', 'nested'],
] as const)(
  `a .keras file of Keras ${expected.keras} gives the logits that Keras gives: %s`,
  async (_, name) => {
    const { graph, values } = await loadModel(
      { source: `${name}.keras` },
      { base: folder, media: folder, keepHead: true },
    )
    const bank = createBank(values)
    const x = tf.tensor4d(expected.pixels, expected.shape)
    const { output } = runGraph(graph, x, { parameters: bank })
    const got = [...output.dataSync()]
    const wanted = expected.logits[name].flat()
    const scale = Math.max(...wanted.map(Math.abs))
    expect(got).toHaveLength(wanted.length)
    wanted.forEach((value, i) => expect(Math.abs(value - got[i]!) / scale).toBeLessThan(1e-4))
    tf.dispose([x, output])
    bank.dispose()
  },
)
