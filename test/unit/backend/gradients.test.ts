import { beforeAll, describe, expect, test } from 'vitest'
import {
  keptGradients,
  openBackend,
  ops,
  secondOrder,
  tf,
  valueAndGradients,
  type Tensor,
} from '../../../src/engine/backend'

const stride1 = { strides: [1, 1], padding: 'same' } as const

/** A network with every kind of kernel in it, small enough for cpu. */
function network() {
  const normal = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 0.5, 'float32', seed)
  const x = normal([2, 7, 7, 3], 1)
  const weights = [
    normal([3, 3, 3, 4], 2),
    normal([3, 3, 4, 1], 3),
    normal([4, 5], 4),
    tf.ones([4]),
    tf.zeros([4]),
  ]
  const labels = tf.tensor1d([1, 3], 'int32')
  const loss = ([w1, w2, w3, gamma, beta]: Tensor[]): Tensor => {
    let y = ops.conv2d(x, w1!, { strides: [2, 2], padding: 'same' })
    y = ops.batchNormTrain(y, { gamma: gamma!, beta: beta!, epsilon: 1e-3 }, 'relu6').output
    y = ops.swish(ops.depthwiseConv2d(y, w2!, stride1))
    y = ops.maxPool(y, { size: [2, 2], strides: [2, 2], padding: 'same' })
    return ops.softmaxCrossEntropy(ops.dense(ops.globalAveragePool(y), w3!), labels)
  }
  return { weights, loss, all: [x, labels, ...weights] }
}

const kernels = async (f: () => unknown) => {
  const { kernels: list } = await tf.profile(() => {
    tf.dispose(f() as Tensor[])
  })
  return list.map((kernel) => kernel.name)
}

for (const backend of ['cpu', 'wasm'] as const)
  describe(backend, () => {
    beforeAll(() => openBackend(backend))

    test('no tensor is left behind by a first or second derivative, nor by one that fails', () => {
      const { weights, loss, all } = network()
      const before = tf.memory()
      for (let i = 0; i < 3; i++) {
        const result = valueAndGradients(
          () => ({ loss: loss(weights), aux: new Map([['two', tf.scalar(2)]]) }),
          weights,
        )
        tf.dispose([result.loss, result.gradients, result.aux.get('two')!])
        const nested = valueAndGradients(() => {
          const { gradients } = valueAndGradients(() => loss(weights), weights)
          return tf.addN(gradients.map((g) => tf.sum(tf.square(g))))
        }, weights)
        tf.dispose([nested.loss, nested.gradients])
        expect(() =>
          valueAndGradients(() => {
            loss(weights)
            throw new Error('stop')
          }, weights),
        ).toThrow('stop')
      }
      expect(tf.memory().numTensors).toBe(before.numTensors)
      expect(tf.memory().numBytes).toBe(before.numBytes)
      tf.dispose(all)
    })

    test('a kept gradient gives its derivative along any directions, and lets go of all it held', () => {
      const { weights, loss, all } = network()
      const directions = weights.map((w, i) => tf.randomNormal(w.shape, 0, 1, 'float32', 20 + i))
      const numbers = (tensors: Tensor[]) => tensors.flatMap((g) => [...g.dataSync()])
      const before = tf.memory().numTensors
      const nested = valueAndGradients(() => {
        const { gradients } = valueAndGradients(() => loss(weights), weights)
        // the second one counts for nothing
        return tf.addN(gradients.flatMap((g, i) => (i === 1 ? [] : [tf.sum(tf.mul(g, directions[i]!))])))
      }, weights)
      const plain = valueAndGradients(() => loss(weights), weights)
      const kept = keptGradients(() => loss(weights), weights)
      expect(numbers([kept.loss, ...kept.gradients])).toEqual(numbers([plain.loss, ...plain.gradients]))
      tf.dispose([kept.loss, ...kept.gradients, plain.loss, ...plain.gradients])
      const wanted = directions.map((d, i) => (i === 1 ? undefined : d))
      const along = kept.along(wanted, weights)
      const [ours, theirs] = [numbers(along), numbers(nested.gradients)]
      const length = Math.hypot(...theirs)
      expect(length).toBeGreaterThan(0.1)
      expect(Math.hypot(...ours.map((v, i) => v - theirs[i]!)) / length).toBeLessThan(1e-5)
      tf.dispose([...along, nested.loss, ...nested.gradients])
      expect(tf.memory().numTensors).toBe(before)
      const unused = keptGradients(() => loss(weights), weights)
      tf.dispose([unused.loss, ...unused.gradients])
      unused.dispose()
      expect(() =>
        keptGradients(() => {
          loss(weights)
          throw new Error('stop')
        }, weights),
      ).toThrow('stop')
      expect(tf.memory().numTensors).toBe(before)
      tf.dispose([...all, ...directions])
    })

    test('the fast and the differentiable form give the same gradients', () => {
      const { weights, loss, all } = network()
      const run = () => {
        const { gradients, loss: value } = valueAndGradients(() => loss(weights), weights)
        const numbers = gradients.flatMap((g) => [...g.dataSync()])
        tf.dispose([gradients, value])
        return numbers
      }
      const fast = run()
      const slow = secondOrder(run)
      const norm = Math.hypot(...fast)
      expect(Math.hypot(...fast.map((v, i) => v - slow[i]!)) / norm).toBeLessThan(1e-5)
      tf.dispose(all)
    })

    test('what nothing trainable lies behind is not computed', async () => {
      const { weights, loss, all } = network()
      const headOnly = await kernels(() => {
        const result = valueAndGradients(() => loss(weights), [weights[2]!])
        return [result.loss, ...result.gradients]
      })
      expect(headOnly.filter((name) => /Filter|Input|Gradient$|Scatter/.test(name))).toEqual([])
      const kernel = await kernels(() => {
        const result = valueAndGradients(() => loss(weights), [weights[0]!])
        return [result.loss, ...result.gradients]
      })
      expect(kernel).toContain('ThawConv2dFilter')
      // the first convolution's input are the images
      expect(kernel).not.toContain('ThawConv2dInput')
      tf.dispose(all)
    })

    test('an input that the loss does not read gets zeros', () => {
      const [a, b] = [tf.tensor1d([1, 2]), tf.tensor1d([3, 4, 5])]
      const { gradients, loss } = valueAndGradients(() => tf.sum(tf.square(a)), [a, b])
      expect(gradients.map((g) => [...g.dataSync()])).toEqual([
        [2, 4],
        [0, 0, 0],
      ])
      tf.dispose([a, b, gradients, loss])
    })

    test('a tensor used twice, and one used as its own gradient, sum up', () => {
      const a = tf.tensor1d([1, -2])
      const { gradients, loss } = valueAndGradients(() => tf.sum(tf.add(tf.add(a, a), tf.mul(a, a))), [a])
      expect([...gradients[0]!.dataSync()]).toEqual([4, -2])
      tf.dispose([a, gradients, loss])
    })

    test('a dilated convolution runs and refuses to be trained, in words', () => {
      const [x, w] = [tf.ones([1, 7, 7, 2]), tf.ones([3, 3, 2, 3])]
      const dilated = () => ops.conv2d(x, w, { ...stride1, dilations: [2, 2] })
      const y = dilated()
      expect(y.shape).toEqual([1, 7, 7, 3])
      expect(() => valueAndGradients(() => tf.sum(dilated()), [w])).toThrow(
        /dilation 2 × 2 can be run but not trained/,
      )
      tf.dispose([x, w, y])
    })

    test('NaN shows, whatever clamps or chooses', () => {
      const x = tf.tensor4d([NaN, 1, 2, 3], [1, 2, 2, 1])
      const one = tf.ones([1])
      const zero = tf.zeros([1])
      const seen = tf.tidy(() =>
        [
          ops.relu(x),
          ops.relu6(x),
          ops.batchNormEval(x, { gamma: one, beta: zero, mean: zero, variance: one, epsilon: 0 }, 'relu6'),
          ops.globalAveragePool(x),
        ].map((y) => y.dataSync()[0]),
      )
      expect(seen).toEqual([NaN, NaN, NaN, NaN])
      tf.dispose([x, one, zero])
    })

    test('an image smaller than the window is refused in words', () => {
      const [x, w] = [tf.ones([1, 2, 2, 1]), tf.ones([3, 3, 1, 1])]
      expect(() => ops.conv2d(x, w, { strides: [1, 1], padding: 'valid' })).toThrow(/2 × 2 pixels is smaller/)
      tf.dispose([x, w])
    })
  })
