import { openBackend, ops, tf, valueAndGradients } from '../../src/engine/backend'
import { createBank } from '../../src/engine/network'
import { createOptimizer } from '../../src/engine/optim'

/** Growth of tensors, their bytes and the resident size over `steps` training steps of a small convolutional net. */
export async function flat(steps: number) {
  await openBackend('wasm')
  const ramp = (size: number) => Float32Array.from({ length: size }, (_, i) => Math.sin(i) / 3)
  const bank = createBank(
    new Map(
      Object.entries({
        conv: [3, 3, 3, 8],
        gamma: [8],
        beta: [8],
        depthwise: [3, 3, 8, 1],
        head: [8, 5],
      }).map(([name, shape]) => [name, { shape, data: ramp(shape.reduce((a, b) => a * b, 1)) }]),
    ),
  )
  const names = bank.names()
  const optimizer = createOptimizer({ name: 'adamw', rate: 1e-3, weightDecay: 1e-4 } as never)
  const step = () => {
    const x = tf.tensor(ramp(4 * 12 * 12 * 3), [4, 12, 12, 3])
    const labels = tf.tensor1d([0, 1, 2, 3], 'int32')
    const [conv, gamma, beta, depthwise, head] = names.map((name) => bank.get(name))
    const { loss, gradients } = valueAndGradients(
      () => {
        let y = ops.conv2d(x, conv!, { strides: [2, 2], padding: 'same' })
        y = ops.batchNormTrain(y, { gamma: gamma!, beta: beta!, epsilon: 1e-3 }, 'relu6').output
        y = ops.depthwiseConv2d(y, depthwise!, { strides: [1, 1], padding: 'same' })
        y = ops.maxPool(y, { size: [2, 2], strides: [2, 2], padding: 'same' })
        return ops.softmaxCrossEntropy(ops.dense(ops.globalAveragePool(y), head!), labels)
      },
      names.map((name) => bank.get(name)),
    )
    optimizer.apply(bank, new Map(names.map((name, i) => [name, gradients[i]!])), () => ({
      rate: 1e-3,
      weightDecay: 1e-4,
    }))
    loss.dataSync()
    tf.dispose([x, labels, loss, gradients])
  }
  // the compiler and the garbage collector reach their working size first
  for (let i = 0; i < steps / 10; i++) step()
  globalThis.gc?.()
  const before = { ...tf.memory(), rss: process.memoryUsage.rss() }
  const began = performance.now()
  for (let i = 0; i < steps; i++) {
    step()
    if (i % 100 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  const ms = (performance.now() - began) / steps
  globalThis.gc?.()
  const after = { ...tf.memory(), rss: process.memoryUsage.rss() }
  return {
    ms,
    tensors: after.numTensors - before.numTensors,
    bytes: after.numBytes - before.numBytes,
    rssMegabytes: (after.rss - before.rss) / 2 ** 20,
  }
}
