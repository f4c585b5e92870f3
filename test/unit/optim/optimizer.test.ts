import { beforeAll, describe, expect, it } from 'vitest'
import { openBackend, tf, type Tensor } from '../../../src/engine/backend'
import { createBank } from '../../../src/engine/network'
import type { ParameterBank } from '../../../src/engine/network/types'
import { createOptimizer, type Optimizer } from '../../../src/engine/optim'
import { RandomStream } from '../../../src/engine/random'
import { optimizerSchema } from '../../../src/spec/schema'
import { UserError } from '../../../src/spec/types'

const names = ['a', 'b', 'head.weight']
const specs = {
  sgd: optimizerSchema.parse({ name: 'sgd', nesterov: true }),
  adam: optimizerSchema.parse({ name: 'adam' }),
  adamw: optimizerSchema.parse({ name: 'adamw' }),
}
const rates = () => ({ rate: 0.01, weightDecay: 0.1 })

beforeAll(async () => {
  await openBackend('wasm')
})

function makeBank(): ParameterBank {
  const random = new RandomStream(1, 'values')
  return createBank(
    new Map(
      names.map((name) => [
        name,
        { shape: [2, 3], data: Float32Array.from({ length: 6 }, () => random.normal()) },
      ]),
    ),
  )
}

/** The same gradients for the same step, whatever ran before. */
function step(optimizer: Optimizer, bank: ParameterBank, number: number, moving = names): void {
  const random = new RandomStream(number, 'gradients')
  const gradients = new Map<string, Tensor>()
  for (const name of names) {
    const values = Float32Array.from({ length: 6 }, () => random.normal())
    if (moving.includes(name)) gradients.set(name, tf.tensor(values, [2, 3]))
  }
  optimizer.apply(bank, gradients, rates)
  tf.dispose([...gradients.values()])
}

const bytes = (bank: ParameterBank) => names.map((name) => [...bank.get(name).dataSync()])

describe.each(['sgd', 'adam', 'adamw'] as const)('%s', (name) => {
  it('goes on bit for bit from saved slots, also of a parameter that joined later', () => {
    const uninterrupted = createOptimizer(specs[name])
    const bank = makeBank()
    for (let i = 0; i < 4; i++) step(uninterrupted, bank, i, ['b', 'head.weight'])
    for (let i = 4; i < 7; i++) step(uninterrupted, bank, i)

    const resumedBank = bank.clone()
    const saved = [...uninterrupted.slots()].map(
      ([key, tensor]) => [key, tf.tensor(tensor.dataSync().slice(), tensor.shape)] as const,
    )
    const resumed = createOptimizer(specs[name])
    resumed.restore(new Map(saved))
    for (let i = 7; i < 12; i++) {
      step(uninterrupted, bank, i)
      step(resumed, resumedBank, i)
    }
    expect(bytes(resumedBank)).toEqual(bytes(bank))
    for (const thing of [uninterrupted, resumed, bank, resumedBank]) thing.dispose()
  })

  it('gives a thawed layer fresh slots, not those of the layer that stood in its place', () => {
    // tfjs keys slots by position: thaw `a` in front of `b`, and `a` would go on with the moments of `b`
    const optimizer = createOptimizer(specs[name])
    const bank = makeBank()
    for (let i = 0; i < 5; i++) step(optimizer, bank, i, ['b'])
    const alone = createOptimizer(specs[name])
    const bankAlone = makeBank()
    for (let i = 5; i < 8; i++) {
      step(optimizer, bank, i, ['a', 'b'])
      step(alone, bankAlone, i, ['a'])
    }
    expect([...bank.get('a').dataSync()]).toEqual([...bankAlone.get('a').dataSync()])
    for (const thing of [optimizer, alone, bank, bankAlone]) thing.dispose()
  })

  it('leaves a parameter without gradient and its slots alone', () => {
    const optimizer = createOptimizer(specs[name])
    const bank = makeBank()
    step(optimizer, bank, 0)
    const before = [...bank.get('a').dataSync()]
    const slot = [...optimizer.slots().keys()].find((key) => key.startsWith('a/'))!
    const slotBefore = [...optimizer.slots().get(slot)!.dataSync()]
    step(optimizer, bank, 1, ['b'])
    expect([...bank.get('a').dataSync()]).toEqual(before)
    expect([...optimizer.slots().get(slot)!.dataSync()]).toEqual(slotBefore)
    for (const thing of [optimizer, bank]) thing.dispose()
  })

  it('starts a parameter anew after reset and keeps the others', () => {
    const optimizer = createOptimizer(specs[name])
    const bank = makeBank()
    for (let i = 0; i < 3; i++) step(optimizer, bank, i)
    optimizer.reset(['a'])
    expect([...optimizer.slots().keys()].some((key) => key.startsWith('a/'))).toBe(false)
    expect([...optimizer.slots().keys()].some((key) => key.startsWith('b/'))).toBe(true)
    optimizer.reset()
    expect(optimizer.slots().size).toBe(0)
    for (const thing of [optimizer, bank]) thing.dispose()
  })

  it('never changes a tensor that shares memory with a parameter', () => {
    const optimizer = createOptimizer(specs[name])
    const bank = makeBank()
    const before = bank.get('a').clone()
    const values = [...before.dataSync()]
    step(optimizer, bank, 0)
    expect([...before.dataSync()]).toEqual(values)
    expect([...bank.get('a').dataSync()]).not.toEqual(values)
    before.dispose()
    for (const thing of [optimizer, bank]) thing.dispose()
  })

  it('holds tensors and bytes flat over 500 steps with checkpoints, inside a tidy or not', () => {
    const start = tf.memory()
    const optimizer = createOptimizer(specs[name])
    const bank = makeBank()
    step(optimizer, bank, 0)
    const flat = tf.memory()
    for (let i = 0; i < 500; i++) {
      if (i % 50 === 0) optimizer.slots()
      if (i % 2) step(optimizer, bank, i)
      else tf.tidy(() => step(optimizer, bank, i))
    }
    expect(tf.memory().numTensors).toBe(flat.numTensors)
    expect(tf.memory().numBytes).toBe(flat.numBytes)
    optimizer.slots()
    optimizer.dispose()
    bank.dispose()
    expect(tf.memory().numTensors).toBe(start.numTensors)
  })
})

describe('slots handed out', () => {
  it.each(['cpu', 'wasm'] as const)(
    'are of their moment: later steps do not reach a copy (%s)',
    async (backend) => {
      await openBackend(backend)
      const optimizer = createOptimizer(specs.adam)
      const bank = makeBank()
      step(optimizer, bank, 0)
      const kept = optimizer.slots().get('a/exp_avg')!.clone()
      const values = [...kept.dataSync()]
      step(optimizer, bank, 1)
      expect([...kept.dataSync()]).toEqual(values)
      expect([...optimizer.slots().get('a/exp_avg')!.dataSync()]).not.toEqual(values)
      kept.dispose()
      for (const thing of [optimizer, bank]) thing.dispose()
      await openBackend('wasm')
    },
  )
})

describe('a state that does not fit', () => {
  const state = (entries: Record<string, number[]>) =>
    new Map(Object.entries(entries).map(([key, values]) => [key, tf.tensor1d(values)]))

  it('of another optimizer is refused with what to do', () => {
    const optimizer = createOptimizer(specs.adam)
    const wrong = () => optimizer.restore(state({ 'a/momentum_buffer': [1, 2, 3, 4, 5, 6] }))
    expect(wrong).toThrow(UserError)
    expect(wrong).toThrow(/"a\/momentum_buffer", which adam does not have; go on with the optimizer/)
  })

  it('with a slot missing is refused', () => {
    const optimizer = createOptimizer(specs.adam)
    expect(() => optimizer.restore(state({ 'a/exp_avg': [1], 'a/step': [3] }))).toThrow(
      /lacks "a\/exp_avg_sq"; the checkpoint is incomplete/,
    )
  })

  it('of another network is refused before anything moves', () => {
    const optimizer = createOptimizer(specs.sgd)
    const bank = makeBank()
    const before = bytes(bank)
    optimizer.restore(state({ 'a/momentum_buffer': [1, 2] }))
    expect(() => step(optimizer, bank, 0, ['a'])).toThrow(/"a" has 2 values, the parameter 6/)
    expect(bytes(bank)).toEqual(before)
    bank.dispose()
  })
})
