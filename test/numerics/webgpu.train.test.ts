import { beforeAll, expect, test } from 'vitest'
import { openBackend, tf } from '../../src/engine/backend'
import { adapterVariable } from '../../src/engine/backend/webgpu/open'
import { TrainingSession } from '../../src/engine/train'
import { Collected, environment, tinyParts, tinySpec } from '../unit/train/fixture'

beforeAll(async () => {
  process.env[adapterVariable] = 'swiftshader'
  await openBackend('cpu')
})

/** Values of all parameters after the run's steps. */
async function train(backend: 'cpu' | 'webgpu', strategy: string): Promise<Map<string, Float32Array>> {
  const spec = tinySpec(strategy, {
    backend,
    train: { steps: 5, batchSize: 6, optimizer: { name: 'sgd', rate: 0.01, momentum: 0.9 } },
  })
  const before = tf.memory().numTensors
  const session = await TrainingSession.open(spec, environment(new Collected()), tinyParts(spec))
  const fixed = tf.memory().numTensors
  let held = 0
  for (let i = 0; i < 5; i++) {
    await session.step()
    if (i > 0) expect(tf.memory().numTensors, 'tensors a step leaves behind').toBe(held)
    held = tf.memory().numTensors
  }
  expect(held - fixed).toBeLessThan(3 * session.bank.names().length)
  const values = new Map(
    session.bank.names().map((name) => [name, Float32Array.from(session.bank.get(name).dataSync())]),
  )
  await session.evaluate('val')
  await session.dispose()
  expect(tf.memory().numTensors).toBe(before)
  return values
}

test.each(['full', 'last-k'])('5 steps of %s give the weights that cpu gives', async (strategy) => {
  const cpu = await train('cpu', strategy)
  const webgpu = await train('webgpu', strategy)
  expect(tf.getBackend()).toBe('webgpu')
  for (const [name, values] of cpu) {
    const difference = Math.hypot(...values.map((v, i) => v - webgpu.get(name)![i]!))
    expect(difference / Math.max(1e-3, Math.hypot(...values)), name).toBeLessThan(1e-4)
  }
})
