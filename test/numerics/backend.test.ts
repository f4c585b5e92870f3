import { beforeAll, describe, expect, test } from 'vitest'
import { openBackend, ops, support, tf, type Tensor } from '../../src/engine/backend'
import { cases } from './backend.cases'
import { compare, everyCaseAgrees, measure, numbers, references } from './backend.harness'

let reference: Awaited<ReturnType<typeof references>>

beforeAll(async () => {
  reference = await references()
})

for (const backend of ['cpu', 'wasm'] as const)
  describe(`${backend}: value, first and second derivative agree with float64 PyTorch`, () => {
    beforeAll(() => openBackend(backend))
    everyCaseAgrees(() => reference)
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
  const given = numbers(one, reference.counts.get(one)!)
  const errors = compare(
    measure({ ...one, run: ([x]) => wrong(x!) }, given, 'fast'),
    reference.values.get(one)!,
  )
  expect(errors['first']).toBeLessThan(1e-5)
  expect(errors['second']).toBeGreaterThan(0.1)
})
