import type { Tensor } from '@tensorflow/tfjs-core'
import { ops, tf } from '../backend'
import type { LayerOp } from './types'

// Layers of networks that decide by image or by filter which of two branches they run.

/** Zero channels behind those of x [..., c]. */
export function padChannels(x: Tensor, channels: number): Tensor {
  return ops.concat([x, tf.zeros([...x.shape.slice(0, -1), channels])])
}

/** Values of a recurrent cell: kernels [in, k units] and [units, k units], biases [k units]; k is 4 (lstm) or 3 (gru). */
export interface CellValues {
  kernel: Tensor
  recurrentKernel: Tensor
  bias: Tensor
  recurrentBias: Tensor
}

/**
 * One step of PyTorch's LSTMCell (gates i, f, g, o) or GRUCell (r, z, n) on z [n, in] and the state before it:
 * [h, c] as [n, 2 units] for an lstm, h [n, units] for a gru; zeros when there is none.
 */
export function recurrentCell(
  { cell, units }: Extract<LayerOp, { kind: 'recurrentCell' }>,
  [z, before]: readonly Tensor[],
  { kernel, recurrentKernel, bias, recurrentBias }: CellValues,
): Tensor {
  const n = z!.shape[0]!
  const part = (x: Tensor, i: number): Tensor => tf.slice(x, [0, i * units], [n, units])
  const state = before ?? tf.zeros([n, units * (cell === 'lstm' ? 2 : 1)])
  const h = part(state, 0)
  const fromInput = ops.dense(z!, kernel, bias)
  const fromState = ops.dense(h, recurrentKernel, recurrentBias)
  if (cell === 'lstm') {
    const sums = ops.add(fromInput, fromState)
    const [i, f, o] = [0, 1, 3].map((k) => ops.sigmoid(part(sums, k)))
    const c = ops.add(ops.multiply(f!, part(state, 1)), ops.multiply(i!, ops.tanh(part(sums, 2))))
    return ops.concat([ops.multiply(o!, ops.tanh(c)), c])
  }
  const gate = (k: number): Tensor => ops.sigmoid(ops.add(part(fromInput, k), part(fromState, k)))
  const [r, update] = [gate(0), gate(1)]
  const candidate = ops.tanh(ops.add(part(fromInput, 2), ops.multiply(r, part(fromState, 2))))
  return ops.add(ops.multiply(tf.sub(1, update), candidate), ops.multiply(update, h))
}

/** Gates [n, gates], exactly 0 or 1. @param logits [n, 2 gates] in pairs, or [n, gates] */
export function decideHard(logits: Tensor, form: 'pair' | 'sign'): Tensor {
  if (form === 'sign') return tf.cast(tf.greater(logits, 0), 'float32')
  const pairs = tf.reshape(logits, [logits.shape[0]!, -1, 2])
  const [first, second] = tf.unstack(pairs, 2)
  return tf.cast(tf.greater(second!, first!), 'float32')
}

/** @param gate column of the gates that decides for all channels; each channel has its own when left out */
export function mixBranches(a: Tensor, b: Tensor, gates: Tensor, gate?: number): Tensor {
  if (gate === undefined) return ops.mix(a, b, gates)
  const column = tf.slice(gates, [0, gate], [gates.shape[0]!, 1])
  return ops.mix(a, b, ops.multiply(column, tf.ones([1, a.shape.at(-1)!])))
}
