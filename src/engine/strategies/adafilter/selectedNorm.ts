import { ops, tf, untaped, type Tensor } from '../../backend'
import type { BatchStatistics } from '../../network/types'

/** Values of a batch norm, [c] each. */
export interface NormValues {
  gamma: Tensor
  beta: Tensor
  mean: Tensor
  variance: Tensor
  epsilon: number
}

/**
 * Batch norm of x [n, h, w, c] whose statistics count, for each channel, only the images with weight 1 in `taken`
 * [n, c] (strategies.md 7.2, option a). A channel that no image took is normalised with its running statistics, and
 * those stay. No gradient flows to `taken`.
 * @returns the statistics with Bessel's correction already in the variance, as `count` 1 says
 */
export function selectedNorm(
  x: Tensor,
  taken: Tensor,
  { gamma, beta, mean, variance, epsilon }: NormValues,
): { output: Tensor; statistics: BatchStatistics } {
  const [n, h, w, c] = x.shape as [number, number, number, number]
  const weights = untaped(() => tf.reshape(taken, [n, 1, 1, c]))
  const count = untaped(() => tf.mul(tf.sum(taken, 0), h * w))
  const any = untaped(() => tf.greater(count, 0))
  const divisor = untaped(() => tf.maximum(count, 1))
  const over = (values: Tensor): Tensor => tf.div(ops.sum(ops.multiply(values, weights), [0, 1, 2]), divisor)
  const batchMean = tf.where(any, over(x), mean)
  const centred = tf.sub(x, batchMean)
  const batchVariance = tf.where(any, over(ops.square(centred)), variance)
  const scale = ops.multiply(gamma, ops.rsqrt(tf.add(batchVariance, epsilon)))
  const output = ops.add(ops.multiply(centred, scale), beta)
  const statistics = untaped(() => ({
    mean: tf.clone(batchMean),
    variance: tf.where(
      any,
      tf.mul(batchVariance, tf.div(divisor, tf.maximum(tf.sub(divisor, 1), 1))),
      variance,
    ),
  }))
  return { output, statistics: { ...statistics, count: 1 } }
}
