import type { Scalar } from '@tensorflow/tfjs-core'
import { ops, tf, type Tensor } from '../../backend'

/** Keeps the logarithm finite at 0. */
const EPSILON = 1e-9

/** v_l: share of a batch that runs block l tuned, [l] of gates [n, l]. */
export const shares = (gates: Tensor): Tensor => ops.mean(gates, 0)

/** (sum_l v_l - k)^2: about k tuned blocks (strategies.md 6.2, l_k). */
export function countLoss(v: Tensor, k: number): Scalar {
  return tf.square(tf.sub(ops.sum(v), k))
}

/** sum_l -v_l log v_l: 0 only where every share is 0 or 1 (strategies.md 6.2, l_e; not the binary entropy). */
export function shareLoss(v: Tensor): Scalar {
  return tf.neg(ops.sum(ops.multiply(v, ops.log(tf.add(v, EPSILON))))) as Scalar
}
