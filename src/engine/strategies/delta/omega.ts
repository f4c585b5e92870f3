import type { Scalar, Tensor } from '@tensorflow/tfjs-core'
import { ops, tf } from '../../backend'
import type { Options } from './meta'

export type OmegaOptions = Pick<Options, 'form' | 'recipe' | 'batchSum'>

/**
 * Distance of one layer's maps [n, h, w, c] from the pre-trained network's (strategies.md section 2.1): the mean over
 * the batch, or its sum, of
 * `feature-map` 1/2 ||.||^2; `attended` in `release` 1/2 sum_j C W_j ||.||_j^2 / (HW); in `paper` sum_j W_j ||.||_j^2.
 * @param weights [c], summing to 1; not read in `feature-map`
 */
export function omega(
  map: Tensor,
  source: Tensor,
  weights: Tensor | undefined,
  { form, recipe, batchSum = recipe === 'release' }: OmegaOptions,
): Scalar {
  const [n, h, w, c] = map.shape as [number, number, number, number]
  const squares = tf.square(tf.sub(map, source))
  const over = batchSum ? 1 : n
  if (form === 'feature-map') return tf.mul(0.5 / over, tf.sum(squares))
  const byChannel = ops.channels.sum(squares)
  const factor = recipe === 'release' ? (0.5 * c) / (h * w) : 1
  return tf.mul(factor / over, tf.sum(tf.mul(byChannel, weights!)))
}
