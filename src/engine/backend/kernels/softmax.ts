import { differentiable } from '../mode'
import { tf, type Tensor } from '../tf'
import { exp, log } from './activation'
import * as native from '../native/ops'
import { defineKernel } from './define'

const bare = (define: (inputs: Record<string, Tensor>, attributes: object) => Tensor) => (x: Tensor) =>
  define({ x }, {})

/** Softmax over the last axis. */
export const softmax: (x: Tensor) => Tensor = bare(
  defineKernel({
    name: 'ThawSoftmax',
    save: ['x'],
    generic: ({ x }) => tf.softmax(x!),
    gradient: (dy, [x]) => ({ x: () => softmaxSlope(dy, x!) }),
  }),
)

/** log softmax over the last axis. */
export const logSoftmax: (x: Tensor) => Tensor = bare(
  defineKernel({
    name: 'ThawLogSoftmax',
    save: ['x'],
    generic: ({ x }) => plainLogSoftmax(x!),
    gradient: (dy, [x]) => ({ x: () => logSoftmaxSlope(dy, x!) }),
  }),
)

export function softmaxSlope(dy: Tensor, x: Tensor): Tensor {
  const s = softmax(x)
  return tf.mul(s, tf.sub(dy, tf.sum(tf.mul(dy, s), -1, true)))
}

export const logSoftmaxSlope = (dy: Tensor, x: Tensor): Tensor =>
  tf.sub(dy, tf.mul(softmax(x), tf.sum(dy, -1, true)))

/** tfjs's LogSoftmax is missing on wasm. */
function plainLogSoftmax(x: Tensor): Tensor {
  const shifted = tf.sub(x, tf.max(x, -1, true))
  return tf.sub(shifted, tf.log(tf.sum(tf.exp(shifted), -1, true)))
}

const oneHot = (labels: Tensor, classes: number) =>
  tf.cast(tf.oneHot(tf.cast(labels, 'int32') as never, classes), 'float32')

/** The mean, and where the back end computes it along, softmax minus one-hot. */
const crossEntropy = defineKernel({
  name: 'ThawSoftmaxCrossEntropy',
  save: ['logits', 'labels'],
  saveOutputs: [false, true],
  native: (inputs) => {
    const [losses, slope] = native.crossEntropy(inputs)
    const mean = tf.mean(losses!)
    losses!.dispose()
    return [mean, slope!]
  },
  generic: ({ logits, labels }) => {
    const [n, classes] = logits!.shape as [number, number]
    return [
      tf.div(tf.neg(tf.sum(tf.mul(plainLogSoftmax(logits!), oneHot(labels!, classes)))), n),
      tf.zeros([0]),
    ]
  },
  gradient: (dys, [logits, labels, slope]) => ({
    logits: () => {
      const [dy] = dys as unknown as [Tensor]
      const [n, classes] = logits!.shape as [number, number]
      if (!differentiable() && slope!.size > 0) return tf.mul(slope!, tf.div(dy, n))
      const probabilities = differentiable() ? softmax(logits!) : tf.softmax(logits!)
      return tf.mul(tf.div(dy, n), tf.sub(probabilities, oneHot(labels!, classes)))
    },
    labels: () => tf.zeros(labels!.shape),
  }),
}) as unknown as (inputs: Record<string, Tensor>, attributes: object) => Tensor[]

/**
 * Mean over the batch of -log softmax(logits)[label]. logits [n, classes], labels int32 [n]; a scalar.
 */
export const softmaxCrossEntropy = (logits: Tensor, labels: Tensor): Tensor =>
  crossEntropy({ logits, labels }, {})[0]!

/** log(sum(exp(x))) over the last axis, safe for large x. */
export function logSumExp(x: Tensor): Tensor {
  const top = tf.tidy(() => tf.max(x, -1, true))
  // the shift cancels in value and in every derivative, so it may be a constant
  return tf.add(log(tf.sum(exp(tf.sub(x, top)), -1)), tf.squeeze(top, [-1]))
}
