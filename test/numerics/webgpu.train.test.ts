import { beforeAll, expect, test } from 'vitest'
import { openBackend, tf } from '../../src/engine/backend'
import { adapterVariable } from '../../src/engine/backend/webgpu/open'
import { run, type WebGPUBackend } from '../../src/engine/backend/webgpu/program'
import { TrainingSession, trainRun } from '../../src/engine/train'
import { Collected, environment, tinyParts, tinySpec } from '../unit/train/fixture'

beforeAll(async () => {
  process.env[adapterVariable] = 'swiftshader'
  await openBackend('cpu')
})

/** Values of all parameters after the run's steps. */
async function train(backend: 'cpu' | 'webgpu', strategy: string): Promise<Map<string, Float32Array>> {
  const spec = tinySpec(strategy, {
    backend,
    train: { steps: 5, batchSize: 6, measureEvery: 1, optimizer: { name: 'sgd', rate: 0.01, momentum: 0.9 } },
  })
  const before = tf.memory().numTensors
  const session = await TrainingSession.open(spec, environment(new Collected()), tinyParts(spec))
  const fixed = tf.memory().numTensors
  let held = 0
  const allocated: number[] = []
  for (let i = 0; i < 5; i++) {
    await session.step()
    if (i > 0) expect(tf.memory().numTensors, 'tensors a step leaves behind').toBe(held)
    held = tf.memory().numTensors
    allocated.push((tf.memory() as { numBytesAllocatedInGPU?: number }).numBytesAllocatedInGPU ?? 0)
  }
  // buffers are used again: a step takes no memory of its own (what waits to be copied comes and goes)
  expect(allocated[4]).toBeLessThanOrEqual(1.02 * allocated[2]!)
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

test('a network that the GPU cannot hold is refused before its first step', async () => {
  await openBackend('webgpu')
  const { device } = tf.backend() as unknown as { device: { limits: object } }
  const limits = { maxBufferSize: 5000, maxStorageBufferBindingSize: 5000 }
  const own = Object.getOwnPropertyDescriptor(device, 'limits')!
  Object.defineProperty(device, 'limits', { value: limits, configurable: true })
  try {
    const spec = tinySpec('full', { backend: 'webgpu' })
    const session = TrainingSession.open(spec, environment(new Collected()), tinyParts(spec))
    await expect(session).rejects.toThrow(
      /^train\.batchSize: layer stem\.conv: its output for 6 images takes .*; write 4 or less/,
    )
  } finally {
    Object.defineProperty(device, 'limits', own)
  }
})

test('a tensor beyond the limits and a shader that does not compile are told in a sentence', async () => {
  await openBackend('webgpu')
  expect(() => tf.tidy(() => tf.add(tf.zeros([2 ** 15, 2 ** 14]), 1).dataSync())).toThrow(
    /a tensor \[32768,16384\] takes 2\.0 GB and this GPU binds 1\.0 GB at most/,
  )
  const backend = tf.backend() as unknown as WebGPUBackend
  const broken = () =>
    tf.tidy(() => {
      const x = tf.tensor([1])
      const y = run(backend, { name: 'broken', output: [1], inputs: { x }, code: 'no WGSL' })
      return tf.engine().makeTensorFromTensorInfo(y).dataSync()
    })
  expect(broken).toThrow(/^back end "webgpu": the GPU reports: /)
  // what failed is not used again; the next run gets a device of its own
  expect(() => tf.tidy(() => tf.add(tf.zeros([2000]), 1))).toThrow('back end "webgpu"')
  await openBackend('webgpu')
  expect(tf.tidy(() => tf.add(tf.tensor([1]), tf.tensor([1])).dataSync()[0])).toBe(2)
})

test('a GPU that is lost ends the run with a sentence and the last checkpoint', async () => {
  const spec = tinySpec('full', { backend: 'webgpu', train: { steps: 6, checkpoints: { every: 2 } } })
  const sink = new Collected()
  const own = sink.emit.bind(sink)
  sink.emit = (event) => {
    own(event)
    if (event.kind === 'step' && event.step === 4)
      (tf.backend() as unknown as { device: GPUDevice }).device.destroy()
  }
  const outcome = await trainRun(spec, environment(sink), tinyParts(spec))
  expect(outcome).toMatchObject({ state: 'failed', exitCode: 3 })
  expect(outcome.message).toMatch(/^back end "webgpu": .*; go on from the last checkpoint with `thaw resume`/)
  expect(sink.checkpoints.map(({ step }) => step)).toContain(2)
})
