import { expect, test } from 'vitest'
import {
  openBackend,
  ops,
  secondOrder,
  tf,
  valueAndGradients,
  type Tensor,
} from '../../../src/engine/backend'

for (const name of ['cpu', 'wasm'] as const)
  test(`${name}: gradients of a small network agree with finite differences`, async () => {
    const opened = await openBackend(name)
    expect(opened.name).toBe(name)
    const x = tf.randomNormal([2, 7, 7, 3], 0, 1, 'float32', 1)
    const w1 = tf.randomNormal([3, 3, 3, 4], 0, 0.4, 'float32', 2)
    const w2 = tf.randomNormal([3, 3, 4, 1], 0, 0.4, 'float32', 3)
    const w3 = tf.randomNormal([4, 5], 0, 0.4, 'float32', 4)
    const gamma = tf.ones([4])
    const beta = tf.fill([4], 0.1)
    const labels = tf.tensor1d([1, 3], 'int32')
    const f = (w1: Tensor, w2: Tensor, w3: Tensor) => {
      let y = ops.conv2d(x, w1, { strides: [2, 2], padding: 'same' })
      y = ops.batchNormTrain(y, { gamma, beta, epsilon: 1e-3 }).output
      y = ops.swish(y)
      y = ops.depthwiseConv2d(y, w2, { strides: [1, 1], padding: [1, 1, 1, 1] })
      y = ops.maxPool(y, { size: [2, 2], strides: [2, 2], padding: 'same' })
      y = ops.globalAveragePool(y)
      return ops.softmaxCrossEntropy(ops.dense(y, w3), labels)
    }
    const before = tf.memory().numTensors
    for (const run of [<T>(g: () => T) => g(), secondOrder]) {
      const { gradients, loss } = run(() => valueAndGradients(() => ({ loss: f(w1, w2, w3) }), [w1, w2, w3]))
      const ws = [w1, w2, w3]
      ws.forEach((w, k) => {
        const d = tf.randomNormal(w.shape, 0, 1, 'float32', 9)
        const h = 1e-2
        const at = (s: number) =>
          tf.tidy(
            () =>
              f(
                ...(ws.map((v, i) => (i === k ? tf.add(v, tf.mul(d, s * h)) : v)) as [
                  Tensor,
                  Tensor,
                  Tensor,
                ]),
              ).dataSync()[0]!,
          )
        const numeric = (at(1) - at(-1)) / (2 * h)
        const exact = tf.tidy(() => tf.sum(tf.mul(gradients[k]!, d)).dataSync()[0]!)
        expect(Math.abs(exact - numeric)).toBeLessThan(0.02 * Math.max(0.1, Math.abs(numeric)))
        d.dispose()
      })
      tf.dispose([loss, gradients])
    }
    expect(tf.memory().numTensors).toBe(before)
  })
