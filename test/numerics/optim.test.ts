import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBackend, setWays, tf, type Tensor } from '../../src/engine/backend'
import { installs } from '../../src/engine/backend/native/find'
import { createBank } from '../../src/engine/network'
import type { ParameterBank } from '../../src/engine/network/types'
import {
  clipByGlobalNorm,
  createOptimizer,
  createSchedule,
  GradientAccumulator,
} from '../../src/engine/optim'
import { makeCase, reference, relativeError, type OptimCase, type OptimReference } from './optim-cases'

const optimizers = {
  sgd: { name: 'sgd', momentum: 0 },
  momentum: { name: 'sgd', momentum: 0.9 },
  nesterov: { name: 'sgd', momentum: 0.9, nesterov: true },
  adam: { name: 'adam' },
  adamw: { name: 'adamw', beta2: 0.99, epsilon: 1e-6 },
} as const

const schedules = {
  constant: { name: 'constant', warmup: 0 },
  'constant after warm-up': { name: 'constant', warmup: 0.1 },
  step: { name: 'step', at: [0.3, 0.8], factor: 0.2, warmup: 0.1 },
  cosine: { name: 'cosine', warmup: 0.1 },
  'one-cycle': { name: 'one-cycle', cutFraction: 0.3 },
  'slanted-triangular': { name: 'slanted-triangular', cutFraction: 0.1 },
} as const

const cases = new Map<string, OptimCase>()
for (const [o, optimizer] of Object.entries(optimizers)) {
  for (const [s, schedule] of Object.entries(schedules))
    cases.set(`${o}, ${s}`, makeCase({ optimizer, schedule: { ...schedule, at: [0.3, 0.8] } }))
  const schedule = { name: 'cosine', warmup: 0.1 } as const
  cases.set(`${o}, clipped`, makeCase({ optimizer, schedule, clip: 5 }))
  cases.set(`${o}, three batches a step`, makeCase({ optimizer, schedule, microBatches: 3 }))
  cases.set(`${o}, quadratic bowl`, makeCase({ optimizer, schedule, quadratic: true }))
}

const expected = new Map<string, OptimReference>()

beforeAll(() => {
  const results = reference<OptimReference[]>('optim.py', [...cases.values()])
  ;[...cases.keys()].forEach((name, i) => expected.set(name, results[i]!))
})

function gradientsOf(c: OptimCase, step: number, bank: ParameterBank): Map<string, Tensor> {
  const moving = c.parameters.filter(({ frozen: [from, to] }) => step < from || step >= to)
  if (c.quadratic)
    return new Map(
      moving.map(({ name }) => {
        const { h, c: centre } = c.quadratic![name]!
        return [name, tf.tidy(() => tf.mul(tf.sub(bank.get(name), tf.tensor1d(centre)), tf.tensor1d(h)))]
      }),
    )
  const accumulator = new GradientAccumulator(c.gradients![step]!.length)
  for (const micro of c.gradients![step]!) {
    const batch = new Map(moving.map(({ name }) => [name, tf.tensor1d(micro[name]!)]))
    accumulator.add(batch)
    tf.dispose([...batch.values()])
  }
  expect(accumulator.full).toBe(true)
  return accumulator.take()
}

const plain = 'native without our kernels'
const native = installs().length > 0 || process.env.CI ? (['native', plain] as const) : []
const open = async (name: 'wasm' | 'cpu' | 'webgpu' | (typeof native)[number]): Promise<void> => {
  await openBackend(name === plain ? 'native' : name, { device: { adapter: 'swiftshader' } as never })
  setWays({ kernels: name !== plain })
}
afterAll(() => setWays())

describe.each(['wasm', 'cpu', 'webgpu', ...native] as const)(
  'optimizers on %s are torch.optim in float64',
  (backend) => {
    beforeAll(() => open(backend))

    it.each([...cases.keys()])('%s', (name) => {
      const c = cases.get(name)!
      const theirs = expected.get(name)!
      const tensorsBefore = tf.memory().numTensors
      const bank = createBank(
        new Map(
          c.parameters.map((p) => [p.name, { shape: [p.init.length], data: Float32Array.from(p.init) }]),
        ),
      )
      const optimizer = createOptimizer(c.optimizer)
      const schedule = createSchedule(c.schedule)
      const groupOf = new Map(c.parameters.map((p) => [p.name, p.group]))
      let worst = 0
      for (let step = 0; step < c.steps; step++) {
        const factor = schedule(step, c.steps)
        Object.values(c.groups).forEach(({ rate }, g) =>
          expect(Math.abs(rate * factor - theirs.rates[step]![g]!)).toBeLessThan(1e-12 + 1e-10 * rate),
        )
        const gradients = gradientsOf(c, step, bank)
        if (c.clip !== null)
          expect(Math.abs(clipByGlobalNorm(gradients, c.clip) / theirs.norms[step]! - 1)).toBeLessThan(1e-6)
        optimizer.apply(bank, gradients, (parameter) => {
          const { rate, weightDecay } = c.groups[groupOf.get(parameter)!]!
          return { rate: rate * factor, weightDecay }
        })
        tf.dispose([...gradients.values()])
        for (const p of c.parameters) {
          const ours = bank.get(p.name).dataSync()
          worst = Math.max(worst, relativeError(ours, theirs.weights[step]![p.name]!))
          if (step < p.frozen[1] && p.frozen[0] === 0) expect([...ours]).toEqual(p.init)
        }
      }
      expect(worst).toBeLessThan(1e-6)
      bank.dispose()
      optimizer.dispose()
      expect(tf.memory().numTensors).toBe(tensorsBefore)
    })
  },
)

describe.each(native)('optimizers on %s update in place', (backend) => {
  const values = (shift: number) => Float32Array.from({ length: 12 }, (_, i) => Math.sin(i + shift))
  const openBank = (shift: number) => createBank(new Map([['w', { shape: [3, 4], data: values(shift) }]]))
  const rates = () => ({ rate: 0.01, weightDecay: 0.1 })
  const take = (optimizer: ReturnType<typeof createOptimizer>, bank: ParameterBank, step: number) => {
    const gradient = tf.tensor(values(10 * step), [3, 4])
    optimizer.apply(bank, new Map([['w', gradient]]), rates)
    gradient.dispose()
  }

  beforeAll(() => open(backend))

  it.each(Object.keys(optimizers) as (keyof typeof optimizers)[])(
    '%s: interrupted and resumed gives the same bits; copies, clones and new values are left alone',
    (name) => {
      const spec = makeCase({ optimizer: optimizers[name], schedule: schedules.constant }).optimizer
      const [whole, halves] = [openBank(0), openBank(0)]
      const [one, first] = [createOptimizer(spec), createOptimizer(spec)]
      for (let step = 0; step < 3; step++)
        for (const [o, b] of [
          [one, whole],
          [first, halves],
        ] as const)
          take(o, b, step)
      const clone = tf.clone(halves.get('w'))
      const before = [...clone.dataSync()]
      const slots = new Map(
        [...first.slots()].map(([key, tensor]) => [key, tf.tensor(tensor.dataSync().slice(), tensor.shape)]),
      )
      const second = createOptimizer(spec)
      second.restore(slots)
      for (let step = 3; step < 6; step++) {
        take(one, whole, step)
        take(second, halves, step)
      }
      expect([...halves.get('w').dataSync()]).toEqual([...whole.get('w').dataSync()])
      expect([...clone.dataSync()], 'a clone from before').toEqual(before)
      // a value set from outside is what the next update starts from
      const outside = values(5)
      for (const bank of [whole, halves]) bank.set('w', tf.tensor(outside, [3, 4]))
      take(one, whole, 6)
      take(second, halves, 6)
      expect([...halves.get('w').dataSync()]).toEqual([...whole.get('w').dataSync()])
      expect([...outside], "JavaScript's array").toEqual([...values(5)])
      clone.dispose()
      for (const o of [one, first, second]) o.dispose()
      for (const bank of [whole, halves]) bank.dispose()
    },
  )
})
