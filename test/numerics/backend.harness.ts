// What the suite of every back end shares: the numbers of a case, ours and PyTorch's, and how they are compared.
import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { openBackend, secondOrder, tf, valueAndGradients, type Tensor } from '../../src/engine/backend'
import { RandomStream } from '../../src/engine/random'
import { cases, titleOf, type Case } from './backend.cases'

export interface Values {
  value: number[]
  first: number[][]
  second: number[][]
}

const python = process.env['THAW_PYTHON'] ?? '/usr/bin/python3'
const size = (shape: number[]) => shape.reduce((a, b) => a * b, 1)

/** The numbers of a case, the same for every back end and for PyTorch: float32 values. */
export function numbers(one: Case, weightCount: number) {
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

export function measure(
  one: Case,
  given: ReturnType<typeof numbers>,
  mode: 'fast' | 'differentiable',
): Values {
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

export function compare(ours: Values, reference: Values): Record<string, number> {
  const scale = Math.max(1, Math.hypot(...reference.value))
  const all = (key: 'first' | 'second') =>
    Math.max(...ours[key].map((v, i) => error(v, reference[key][i]!, scale)))
  return { value: error(ours.value, reference.value, scale), first: all('first'), second: all('second') }
}

/** PyTorch's float64 answer to each case, and how many values the case's output has. */
export async function references(
  of: readonly Case[] = cases,
): Promise<{ counts: Map<Case, number>; values: Map<Case, Values> }> {
  await openBackend('cpu')
  const counts = new Map<Case, number>()
  for (const one of of) {
    const inputs = numbers(one, 0).inputs
    counts.set(
      one,
      tf.tidy(() => one.run(inputs.map(({ shape, values }) => tf.tensor(values, shape))).size),
    )
  }
  const input = JSON.stringify({
    cases: of.map((one) => ({
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
  return { counts, values: new Map(of.map((one, i) => [one, values[i]!])) }
}

/**
 * Inside a `describe` with its back end open: every case, fast and differentiable, against PyTorch's values.
 * @param reference read when a case runs, since PyTorch is asked before all of them
 * @param held what a case must leave as it was
 */
export function everyCaseAgrees(
  reference: () => Awaited<ReturnType<typeof references>>,
  held: () => unknown = () => tf.memory().numTensors,
): void {
  for (const mode of ['fast', 'differentiable'] as const)
    test.each(cases.map((one) => [titleOf(one), one] as const))(`${mode}: %s`, (_, one) => {
      const { counts, values } = reference()
      const before = held()
      const ours = measure(one, numbers(one, counts.get(one)!), mode)
      const errors = compare(ours, values.get(one)!)
      const limit = one.tolerance?.value ?? 1e-5
      for (const [what, value] of Object.entries(errors)) expect(value, what).toBeLessThanOrEqual(limit)
      expect(held(), 'left behind').toEqual(before)
    })
}
