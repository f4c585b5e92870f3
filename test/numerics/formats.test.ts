import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBackend, tf } from '../../src/engine/backend'
import { exportModel, readSafetensors, writeSafetensors } from '../../src/engine/formats'
import {
  attachHead,
  backboneOf,
  createBank,
  createGraph,
  initialise,
  runGraph,
} from '../../src/engine/network'
import { RandomStream } from '../../src/engine/random'
import { reference, relativeError, scratchFolder } from './network-reference'

const folder = scratchFolder()
beforeAll(async () => {
  await openBackend('wasm')
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('an exported network with a new head', () => {
  it.each(['resnet18', 'resnet50', 'mobilenet_v2', 'efficientnet_lite0'])(
    'loads in PyTorch with strict=True and gives the same logits: %s',
    async (model) => {
      const random = new RandomStream(1, 'values')
      const backbone = backboneOf(createGraph(model, { inputSize: 64 }))
      const { graph, values: head } = attachHead(backbone, { classes: 3, dropout: 0.2, std: 0.1, random })
      const bank = createBank(new Map([...initialise(backbone, random), ...head]))
      const files = await exportModel(graph, bank, 'safetensors')
      for (const [name, bytes] of files) writeFileSync(join(folder, name), bytes)
      const pixels = Float32Array.from({ length: 2 * 64 * 64 * 3 }, () => random.integer(256))
      writeFileSync(
        join(folder, 'pixels.safetensors'),
        writeSafetensors(new Map([['pixels', { shape: [2, 64, 64, 3], data: pixels }]])),
      )
      await reference('network_strict.py', folder, JSON.stringify({ model, classes: 3 }))
      const { tensors } = await readSafetensors(readFileSync(join(folder, 'logits.safetensors')))
      const x = tf.tensor4d(pixels, [2, 64, 64, 3])
      const { output } = runGraph(graph, x, { parameters: bank })
      expect(relativeError(output.dataSync(), tensors.get('logits')!.data)).toBeLessThan(1e-4)
      tf.dispose([x, output])
      bank.dispose()
    },
  )
})
