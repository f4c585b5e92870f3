import { expect, test } from 'vitest'
import {
  largestBatch,
  openBackend,
  predictBytes,
  resetBackend,
  tf,
  valueAndGradients,
} from '../../../src/engine/backend'
import {
  createBank,
  createGraph,
  cutGraph,
  initialise,
  layerCosts,
  runGraph,
} from '../../../src/engine/network'
import { RandomStream } from '../../../src/engine/random'

const heap = () => (tf.backend() as unknown as { wasm: { HEAPU8: Uint8Array } }).wasm.HEAPU8.buffer.byteLength

test('the predicted memory of a training step covers what wasm takes, and not much more', async () => {
  await openBackend('wasm')
  await resetBackend()
  const graph = cutGraph(createGraph('efficientnet_lite0'), 'stage2')
  const [batch, side] = [16, 96]
  const bank = createBank(initialise(graph, new RandomStream(1, 'initialisation')))
  const names = [...graph.parameters.values()].filter((p) => !p.buffer).map((p) => p.name)
  const x = tf.zeros([batch, side, side, 3])
  const { loss, gradients } = valueAndGradients(
    () => tf.mean(runGraph(graph, x, { parameters: bank, batchNorm: () => 'eval_affine' }).output),
    names.map((name) => bank.get(name)),
  )
  tf.dispose([loss, gradients, x])
  bank.dispose()
  const predicted = predictBytes(layerCosts(graph, [side, side, 3]), batch)
  expect(predicted).toBeGreaterThan(heap())
  expect(predicted).toBeLessThan(2 * heap())
})

test('the largest batch is the last that fits', () => {
  const costs = [{ layer: 'a', multiplyAdds: 1, parameters: 1000, activations: 1e6 }]
  const limit = 2 ** 30
  const batch = largestBatch(costs, limit)
  expect(predictBytes(costs, batch)).toBeLessThanOrEqual(limit)
  expect(predictBytes(costs, batch + 1)).toBeGreaterThan(limit)
})
