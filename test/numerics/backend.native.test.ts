import { beforeAll, describe, expect, test } from 'vitest'
import { openBackend, ops, setPrecision, support, tf, valueAndGradients } from '../../src/engine/backend'
import { createBank, createGraph, initialise, runGraph } from '../../src/engine/network'
import { RandomStream } from '../../src/engine/random'
import { installs } from '../../src/engine/backend/native/find'
import { everyCaseAgrees, references } from './backend.harness'

// CI installs it before; a developer without it runs the other back ends
const absent = installs().length === 0 && !process.env.CI

describe.skipIf(absent)('native: value, first and second derivative agree with float64 PyTorch', () => {
  let reference: Awaited<ReturnType<typeof references>>

  beforeAll(async () => {
    reference = await references()
    await openBackend('native')
  })

  everyCaseAgrees(
    () => reference,
    () => ({ tensors: tf.memory().numTensors, handles: handles() }),
  )
})

/** Tensors that TensorFlow holds, those outside of tfjs's bookkeeping included. */
const handles = (): number =>
  (tf.backend() as unknown as { binding: { getNumOfTensors(): number } }).binding.getNumOfTensors()

test('the support table promises second order on native for every op', () => {
  expect(Object.values(support).filter(({ native }) => native !== 2)).toEqual([])
})

test.skipIf(absent).each([
  ['bfloat16', 1e-2],
  ['float16', 2e-3],
] as const)(
  'convolutions in %s are off by its rounding and no more, master values float32',
  async (low, most) => {
    await openBackend('native')
    const draw = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 1, 'float32', seed)
    const [x, w] = [draw([2, 9, 9, 16], 1), draw([3, 3, 16, 8], 2)]
    const run = () =>
      valueAndGradients(
        () => tf.sum(tf.square(ops.conv2d(x as never, w as never, { strides: [2, 2], padding: 'same' }))),
        [x, w],
      )
    const exact = run()
    setPrecision(low)
    const rough = run()
    setPrecision('float32')
    const error = (a: tf.Tensor, b: tf.Tensor) =>
      tf.tidy(() => tf.div(tf.norm(tf.sub(a, b)), tf.norm(b)).dataSync()[0]!)
    rough.gradients.forEach((g, i) => {
      expect(g.dtype).toBe('float32')
      expect(error(g, exact.gradients[i]!)).toBeGreaterThan(1e-6)
      expect(error(g, exact.gradients[i]!)).toBeLessThan(most)
    })
    tf.dispose([x, w, exact.loss, rough.loss, ...exact.gradients, ...rough.gradients])
  },
)

test.skipIf(absent).each(['mobilenet_v2', 'resnet18'])(
  '%s without a tape, batch norm folded into convolutions, gives what it gives with one',
  async (architecture) => {
    await openBackend('native')
    const graph = createGraph(architecture)
    const random = new RandomStream(3, 'fold')
    const values = initialise(graph, random)
    // statistics and scales that are not 0 and 1
    for (const [name, { data }] of values)
      if (graph.parameters.get(name)!.shape.length === 1)
        data.forEach((_, i) => (data[i] = 0.5 + random.uniform()))
    const before = handles()
    const bank = createBank(values)
    const x = tf.randomUniform([2, 64, 64, 3], 0, 255, 'float32', 5)
    const options = { parameters: bank, hooks: [graph.nodes.find(({ op }) => op.kind === 'batchNorm')!.name] }
    const folded = runGraph(graph, x, options)
    const taped = valueAndGradients<tf.Tensor[]>(() => {
      const { output, hooks } = runGraph(graph, x, options)
      return { loss: tf.sum(output), aux: [output, ...hooks.values()] }
    }, [])
    const mine = [folded.output, ...folded.hooks.values()]
    mine.forEach((y, i) => {
      const other = taped.aux[i]!
      const error = tf.tidy(() => tf.div(tf.norm(tf.sub(y, other)), tf.norm(other)).dataSync()[0]!)
      expect(error).toBeLessThan(1e-5)
    })
    tf.dispose([...mine, taped.loss, ...taped.aux])
    bank.dispose()
    x.dispose()
    expect(handles(), 'left behind').toBe(before)
  },
)
