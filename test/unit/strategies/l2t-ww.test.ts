import { beforeAll, describe, expect, test } from 'vitest'
import { openBackend, tf, type Tensor } from '../../../src/engine/backend'
import { createOptimizer } from '../../../src/engine/optim'
import { lookAhead, type InnerStep } from '../../../src/engine/strategies/l2t-ww/lookAhead'
import type { ParameterSource } from '../../../src/engine/network/types'
import { optimizerSchema } from '../../../src/spec/schema'

beforeAll(() => openBackend('cpu'))

const none: ParameterSource = {
  get: (name) => {
    throw new Error(`no value ${name}`)
  },
}

/** SGD that holds a momentum by parameter name. */
function descent(momentum: number, buffers: Record<string, number[]> = {}) {
  const optimizer = createOptimizer(optimizerSchema.parse({ name: 'sgd', momentum }))
  optimizer.restore(
    new Map(
      Object.entries(buffers).map(([name, values]) => [`${name}/momentum_buffer`, tf.tensor1d(values)]),
    ),
  )
  return optimizer
}

describe('the look-ahead of scalars (strategies.md 4.3)', () => {
  const rate = { rate: 0.1, weightDecay: 0.01 }
  /** Transfer gradient phi (theta - 2), cross-entropy gradient theta + 1. */
  async function scalars(momentumStart: number, { T = 2, mu = 0.9, rates = rate, theta = 0.5 } = {}) {
    const phi = tf.tensor1d([0.7])
    const value = tf.tensor1d([theta])
    const entropy = (p: ParameterSource): Tensor => tf.mul(0.5, tf.sum(tf.square(tf.add(p.get('theta'), 1))))
    const transfer: InnerStep = {
      outer: true,
      loss: (p) => tf.mul(0.5, tf.sum(tf.mul(phi, tf.square(tf.sub(p.get('theta'), 2))))),
    }
    const found = await lookAhead({
      from: new Map([['theta', value]]),
      others: none,
      optimizer: descent(mu, mu > 0 ? { theta: [momentumStart] } : {}),
      momentum: mu,
      rates: () => rates,
      steps: [...Array.from({ length: T }, () => transfer), { outer: false, loss: entropy }],
      objective: entropy,
      variables: [phi],
    })
    const gradient = found.gradients[0]!.dataSync()[0]!
    expect(value.dataSync()[0]).toBeCloseTo(theta, 6)
    tf.dispose([phi, value, ...found.gradients])
    return { gradient, end: Math.sqrt(2 * found.objective) - 1 }
  }

  test.each([
    [0, 0.7872892695, 1.089542441152],
    [0.3, 0.7227492525, 1.058566363039],
  ])('L2T-7 momentum from %f ends at %f with the outer gradient %f', async (start, end, outer) => {
    const found = await scalars(start)
    expect(found.end).toBeCloseTo(end, 6)
    expect(found.gradient).toBeCloseTo(outer, 5)
  })

  test('L2T-4 without transfer steps the outer gradient is exactly 0', async () => {
    expect((await scalars(0.3, { T: 0 })).gradient).toBe(0)
  })

  test('L2T-10 one step without momentum and decay has the closed form', async () => {
    const { gradient } = await scalars(0, { T: 1, mu: 0, rates: { rate: 0.1, weightDecay: 0 } })
    // theta1 = theta - 0.1 * 0.7 (theta - 2); theta2 = 0.9 theta1 - 0.1; a0' = 0.9 (theta2 + 1)
    const theta1 = 0.5 - 0.07 * (0.5 - 2)
    const pulled = 0.9 * (0.9 * theta1 - 0.1 + 1)
    expect(gradient).toBeCloseTo(-0.1 * (0.5 - 2) * pulled, 6)
  })

  test('leaves no tensor behind', async () => {
    const before = tf.memory().numTensors
    await scalars(0.3)
    expect(tf.memory().numTensors).toBe(before)
  })
})
