import { beforeAll, describe, expect, it } from 'vitest'
import { openBackend, tf, type Tensor } from '../../../src/engine/backend'
import { clipByGlobalNorm, globalNorm, GradientAccumulator } from '../../../src/engine/optim'

beforeAll(async () => {
  await openBackend('wasm')
})

const gradients = (values: Record<string, number[]>) =>
  new Map<string, Tensor>(Object.entries(values).map(([name, v]) => [name, tf.tensor1d(v)]))
const values = (map: ReadonlyMap<string, Tensor>) =>
  Object.fromEntries([...map].map(([name, tensor]) => [name, [...tensor.dataSync()]]))
const release = (map: ReadonlyMap<string, Tensor>) => tf.dispose([...map.values()])

describe('clipByGlobalNorm', () => {
  it('takes the norm over all gradients together and scales all by one factor', () => {
    const before = tf.memory().numTensors
    const g = gradients({ a: [3, 0], b: [0, 4] })
    expect(clipByGlobalNorm(g, 1)).toBe(5)
    expect(globalNorm(g)).toBeCloseTo(1, 5)
    expect(values(g).a![0]! / values(g).b![1]!).toBeCloseTo(0.75, 6)
    release(g)
    expect(tf.memory().numTensors).toBe(before)
  })

  it("has torch's 1e-6 under the factor, which small norms feel", () => {
    const g = gradients({ a: [1e-5] })
    clipByGlobalNorm(g, 1e-6)
    expect(values(g).a![0]! / ((1e-5 * 1e-6) / (1e-5 + 1e-6))).toBeCloseTo(1, 5)
    release(g)
  })

  it('changes no bit below the limit', () => {
    const g = gradients({ a: [0.1, 0.2] })
    const tensor = g.get('a')
    clipByGlobalNorm(g, 1)
    expect(g.get('a')).toBe(tensor)
    release(g)
  })

  it('hands a norm that is not finite on instead of spreading it', () => {
    const g = gradients({ a: [NaN, 1], b: [100, 100] })
    expect(clipByGlobalNorm(g, 1)).toBeNaN()
    expect(values(g).b).toEqual([100, 100])
    release(g)
  })

  it('does not overflow where single precision would', () => {
    const g = gradients({ a: [3e25, 4e25] })
    expect(clipByGlobalNorm(g, 1) / 5e25).toBeCloseTo(1, 6)
    release(g)
  })
})

describe('GradientAccumulator', () => {
  it('gives the mean over its batches, a missing gradient counting as zero, and starts anew', () => {
    const before = tf.memory().numTensors
    const accumulator = new GradientAccumulator(2)
    for (const batch of [gradients({ a: [1, 2], b: [4] }), gradients({ a: [3, 6] })]) {
      expect(accumulator.full).toBe(false)
      accumulator.add(batch)
      release(batch)
    }
    expect(accumulator.full).toBe(true)
    const mean = accumulator.take()
    expect(values(mean)).toEqual({ a: [2, 4], b: [2] })
    expect(accumulator.batches).toBe(0)
    release(mean)
    expect(tf.memory().numTensors).toBe(before)
  })

  it('passes a single batch on bit for bit', () => {
    const accumulator = new GradientAccumulator(1)
    const batch = gradients({ a: [1 / 3, 1e-30] })
    accumulator.add(batch)
    const mean = accumulator.take()
    expect(values(mean)).toEqual(values(batch))
    release(batch)
    release(mean)
  })

  it('releases what it holds when a run stops between two batches', () => {
    const before = tf.memory().numTensors
    const accumulator = new GradientAccumulator(3)
    const batch = gradients({ a: [1] })
    accumulator.add(batch)
    release(batch)
    accumulator.dispose()
    expect(tf.memory().numTensors).toBe(before)
  })
})
