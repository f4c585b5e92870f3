import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  fused,
  openBackend,
  ops,
  setPrecision,
  setWays,
  support,
  tf,
  valueAndGradients,
} from '../../src/engine/backend'
import { createBank, createGraph, initialise, runGraph } from '../../src/engine/network'
import { compareAll } from '../../src/engine/train/compare'
import { RandomStream } from '../../src/engine/random'
import { installs } from '../../src/engine/backend/native/find'
import { cases } from './backend.cases'
import { compare, everyCaseAgrees, measure, numbers, references } from './backend.harness'

// CI installs it before; a developer without it runs the other back ends
const absent = installs().length === 0 && !process.env.CI

let reference: Awaited<ReturnType<typeof references>>

beforeAll(async () => {
  if (!absent) reference = await references()
})
afterEach(() => setWays())

/** What is left without both is what runs on a GPU, where it is cuDNN, and on other processors. */
const ways = {
  'oneDNN and our kernels': {},
  'our kernels without oneDNN': { oneDnn: false },
  'oneDNN without our kernels': { kernels: false },
  'plain names': { oneDnn: false, kernels: false },
}

for (const [name, allowed] of Object.entries(ways))
  describe.skipIf(absent)(
    `native, ${name}: value, first and second derivative agree with float64 PyTorch`,
    () => {
      beforeAll(() => openBackend('native'))
      beforeEach(() => setWays(allowed))
      everyCaseAgrees(
        () => reference,
        () => ({ tensors: tf.memory().numTensors, handles: handles() }),
      )
    },
  )

test.skipIf(absent).each(Object.entries(ways))(
  '%s: a convolution with bias and activation in one op is what its parts give',
  async (_, allowed) => {
    await openBackend('native')
    setWays(allowed)
    const draw = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 2, 'float32', seed)
    const paddings = ['same', 'valid', [1, 0, 2, 1]] as const
    for (const kind of ['conv2d', 'depthwiseConv2d'] as const)
      for (const padding of paddings)
        for (const strides of [
          [1, 1],
          [2, 2],
          [2, 1],
        ] as const)
          for (const follow of ['linear', 'relu', 'relu6'] as const)
            tf.tidy(() => {
              const x = draw([2, 9, 8, 12], 1)
              const w = draw(kind === 'conv2d' ? [3, 3, 12, 10] : [3, 3, 12, 1], 2)
              const bias = draw([kind === 'conv2d' ? 10 : 12], 3)
              const attributes = { strides, padding }
              const parts = ops[kind](x, w, attributes, bias)
              const wanted = follow === 'linear' ? parts : ops[follow](parts)
              const one = fused[kind](x, w, attributes, bias, follow)
              expect(one.shape).toEqual(wanted.shape)
              const away = tf.max(tf.abs(tf.sub(one, wanted))).dataSync()[0]!
              expect(away, `${kind} ${padding} ${strides} ${follow}`).toBeLessThan(1e-4)
            })
  },
)

test.skipIf(absent)('of two mixed branches the one that no gate takes may hold anything', async () => {
  await openBackend('native')
  tf.tidy(() => {
    const [fine, broken] = [tf.ones([2, 3, 3, 2]), tf.fill([2, 3, 3, 2], NaN)]
    for (const taken of [0, 1]) {
      const gates = tf.fill([2, 2], taken)
      const [a, b] = taken ? [broken, fine] : [fine, broken]
      expect(ops.mix(a, b, gates).dataSync()).toEqual(fine.dataSync())
      const { gradients } = valueAndGradients(() => tf.sum(ops.mix(a, b, gates)), [a, b])
      const [none, all] = taken ? gradients : [...gradients].reverse()
      expect(new Set(none!.dataSync())).toEqual(new Set([0]))
      expect(new Set(all!.dataSync())).toEqual(new Set([1]))
    }
  })
})

test.skipIf(absent)('tensors compared where they lie give what their values give, NaN included', async () => {
  await openBackend('native')
  const size = 70_001
  const values = Float32Array.from({ length: size }, (_, i) => Math.sin(i))
  const other = values.map((v, i) => (i % 1000 === 7 ? v + 1e-3 * i : v))
  const odd = values.map((v, i) => (i === 69_999 ? NaN : v))
  const [a, b, c] = [values, other, odd].map((v) => tf.tensor1d(v))
  const pairs = [[a!, b!], [b!], [c!, a!], [a!, a!], [tf.slice(a!, 3, 5)]] as const
  const fast = compareAll(pairs)
  setWays({ kernels: false })
  const slow = compareAll(pairs)
  fast.forEach((one, i) => {
    const { squares, of, largest, differ } = slow[i]!
    expect([one.largest, one.differ]).toEqual([largest, differ])
    for (const [x, y] of [
      [one.squares, squares],
      [one.of, of],
    ])
      if (!Number.isNaN(y)) expect(x).toBeCloseTo(y!, 6)
      else expect(x).toBeNaN()
  })
  expect(fast[0]!.differ).toBe(70)
  expect([fast[2]!.largest, fast[3]!.largest]).toEqual([NaN, 0])
  tf.dispose([a!, b!, c!, pairs[4][0]])
})

/** Each changes what the addon or TensorFlow is told about one op, as a wrong line of ours would. */
const mistakes: [op: string, way: keyof typeof ways, call: keyof Binding, wrong: Wrong][] = [
  ['conv2d', 'plain names', 'executeOp', ([op, all, inputs, n]) => [op, turnPadding(all), inputs, n]],
  [
    'batchNormTrain',
    'oneDNN and our kernels',
    'normGradient',
    (args) => args.map((value, i) => (i === 8 ? false : value)),
  ],
  [
    'batchNormEval',
    'oneDNN and our kernels',
    'normEval',
    (args) => args.map((value, i) => (i === 5 ? 0.1 : value)),
  ],
  [
    'depthwiseConv2d',
    'our kernels without oneDNN',
    'depthwiseFilter',
    ([x, dy, window, shape]) => [x, dy, (window as number[]).map((v, i) => (i === 2 ? v + 1 : v)), shape],
  ],
  [
    'maxPool',
    'plain names',
    'executeOp',
    ([op, all, inputs, n]) => [op, all, op === 'MaxPoolGrad' ? swapLast(inputs as number[]) : inputs, n],
  ],
]

test.skipIf(absent).each(mistakes)(
  'a mistake in %s (%s, %s) fails the suite on native',
  async (op, way, call, wrong) => {
    await openBackend('native')
    setWays(ways[way])
    const { binding } = tf.backend() as unknown as { binding: Binding }
    const right = binding[call]
    const errors = () =>
      cases
        .filter((one) => one.op === op)
        .map((one) => {
          const ours = measure(one, numbers(one, reference.counts.get(one)!), 'fast')
          return Math.max(...Object.values(compare(ours, reference.values.get(one)!)))
        })
    const without = errors()
    binding[call] = (...args) => right.call(binding, ...wrong(args))
    try {
      expect(Math.max(...errors())).toBeGreaterThan(100 * Math.max(...without))
    } finally {
      binding[call] = right
    }
  },
)

type Wrong = (args: unknown[]) => unknown[]
type Binding = Record<
  'executeOp' | 'normGradient' | 'normEval' | 'depthwiseFilter',
  (...args: unknown[]) => unknown
>
const swapLast = ([x, y, dy]: number[]) => [x, dy, y]
/** Padding above for padding below, left for right: the same shapes, other values. */
const turnPadding = (all: unknown) =>
  (all as { name: string; value: number[] }[]).map((one) =>
    one.name === 'explicit_paddings' && one.value.length > 0
      ? { ...one, value: [2, 3, 4, 5].reduceRight((v, i) => v.with(i, one.value[i ^ 1]!), one.value) }
      : one,
  )

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
