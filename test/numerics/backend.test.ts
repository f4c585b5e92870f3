import { execFileSync } from 'node:child_process'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  openBackend,
  ops,
  secondOrder,
  support,
  tf,
  valueAndGradients,
  type Tensor,
} from '../../src/engine/backend'
import { RandomStream } from '../../src/engine/random'
import { cases, titleOf, type Case } from './backend.cases'

interface Values {
  value: number[]
  first: number[][]
  second: number[][]
}

const python = process.env['THAW_PYTHON'] ?? '/usr/bin/python3'
const size = (shape: number[]) => shape.reduce((a, b) => a * b, 1)

/** The numbers of a case, the same for every back end and for PyTorch: float32 values. */
function numbers(one: Case, weightCount: number) {
  const random = new RandomStream(7, titleOf(one))
  const draw = (count: number, from = (r: RandomStream) => r.normal()) =>
    Array.from({ length: count }, () => Math.fround(from(random)))
  return {
    inputs: one.shapes.map((shape, i) => ({ shape, values: draw(size(shape), one.draws?.[i] ?? one.draw) })),
    directions: one.shapes.map((shape) => draw(size(shape))),
    weights: draw(weightCount),
  }
}

const dot = (a: Tensor, values: number[]) => tf.sum(tf.mul(tf.reshape(a, [-1]), tf.tensor1d(values)))

function measure(one: Case, given: ReturnType<typeof numbers>, mode: 'fast' | 'differentiable'): Values {
  const inputs = given.inputs.map(({ shape, values }) => tf.tensor(values, shape))
  const list = (t: Tensor) => [...t.dataSync()]
  const loss = () => dot(one.run(inputs), given.weights)
  const within = mode === 'fast' ? <T>(f: () => T) => f() : secondOrder
  const result = tf.tidy(() =>
    within(() => {
      const value = list(one.run(inputs))
      const first = valueAndGradients(loss, inputs).gradients.map(list)
      const second = valueAndGradients(() => {
        const { gradients } = valueAndGradients(loss, inputs)
        return tf.addN(gradients.map((g, i) => dot(g, given.directions[i]!)))
      }, inputs).gradients.map(list)
      return { value, first, second }
    }),
  )
  tf.dispose(inputs)
  return result
}

/** Relative L2 error; absolute where PyTorch's answer is zero. */
function error(ours: number[], reference: number[], scale: number): number {
  const norm = (v: number[]) => Math.hypot(...v)
  const difference = norm(ours.map((v, i) => v - reference[i]!))
  return difference / (norm(reference) > 1e-9 * scale ? norm(reference) : scale)
}

function compare(ours: Values, reference: Values): Record<string, number> {
  const scale = Math.max(1, Math.hypot(...reference.value))
  const all = (key: 'first' | 'second') =>
    Math.max(...ours[key].map((v, i) => error(v, reference[key][i]!, scale)))
  return { value: error(ours.value, reference.value, scale), first: all('first'), second: all('second') }
}

const counts = new Map<Case, number>()
let references: Map<Case, Values>

beforeAll(async () => {
  await openBackend('cpu')
  for (const one of cases) {
    const inputs = numbers(one, 0).inputs
    counts.set(
      one,
      tf.tidy(() => one.run(inputs.map(({ shape, values }) => tf.tensor(values, shape))).size),
    )
  }
  const input = JSON.stringify({
    cases: cases.map((one) => ({
      op: one.op,
      attributes: one.attributes,
      ...numbers(one, counts.get(one)!),
    })),
  })
  const text = execFileSync(python, [new URL('../reference/backend.py', import.meta.url).pathname], {
    input,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  })
  const values = JSON.parse(text) as Values[]
  references = new Map(cases.map((one, i) => [one, values[i]!]))
})

for (const backend of ['cpu', 'wasm'] as const)
  describe(`${backend}: value, first and second derivative agree with float64 PyTorch`, () => {
    beforeAll(() => openBackend(backend))
    for (const mode of ['fast', 'differentiable'] as const)
      test.each(cases.map((one) => [titleOf(one), one] as const))(`${mode}: %s`, (_, one) => {
        const before = tf.memory().numTensors
        const ours = measure(one, numbers(one, counts.get(one)!), mode)
        const errors = compare(ours, references.get(one)!)
        const limit = one.tolerance?.value ?? 1e-5
        for (const [what, value] of Object.entries(errors)) expect(value, what).toBeLessThanOrEqual(limit)
        expect(tf.memory().numTensors, 'tensors left behind').toBe(before)
      })
  })

test('the support table has every op, and every op of it has a case here', () => {
  const tested = new Set(cases.map((one) => one.op))
  expect(Object.keys(support).sort()).toEqual(
    Object.keys(ops)
      .filter((name) => name !== 'channels')
      .sort(),
  )
  expect(Object.keys(support).filter((name) => !tested.has(name))).toEqual([])
  expect(Object.values(support).filter(({ cpu, wasm }) => cpu !== 2 || wasm !== 2)).toEqual([])
})

test('a tanh whose gradient reads its saved output, as in tfjs, fails the suite', async () => {
  await openBackend('cpu')
  const one = cases.find((c) => c.op === 'tanh')!
  const wrong = (x: Tensor) =>
    tf.customGrad((...args: unknown[]) => {
      const [input, save] = args as [Tensor, (t: Tensor[]) => void]
      const y = tf.tanh(input)
      save([y])
      return {
        value: y,
        gradFunc: (dy: Tensor, saved: Tensor[]) => tf.mul(tf.sub(1, tf.square(saved[0]!)), dy),
      }
    })(x)
  const given = numbers(one, counts.get(one)!)
  const errors = compare(measure({ ...one, run: ([x]) => wrong(x!) }, given, 'fast'), references.get(one)!)
  expect(errors['first']).toBeLessThan(1e-5)
  expect(errors['second']).toBeGreaterThan(0.1)
})
