import type { Scalar, Tensor } from '@tensorflow/tfjs-core'
import { ops, tf } from '../../backend'
import { groupSize, type Strengths } from './strengths'

/** Under the square roots, as in the authors' code: at w = w0 the gradient is then exactly 0. */
const UNDER_ROOT = 1e-16

/** One parameter's part of Omega. `d` is w - w0 (w itself for `l2`), all tensors have the parameter's shape. */
export interface Part {
  d: Tensor
  /** Diagonal of the Fisher information, where the variant has one. */
  fisher?: Tensor
  /** Axes of a group, see `groupAxes`. */
  axes: readonly number[]
}

type Form = Pick<Strengths, 'variant' | 'smoothed'>

/** Sums of squares by group, axes kept as 1, plus 1e-16. */
function squares({ d, fisher, axes }: Part): Tensor {
  const all = fisher ? tf.mul(fisher, tf.square(d)) : tf.square(d)
  return tf.add(axes.length > 0 ? ops.sum(all, [...axes], true) : all, UNDER_ROOT)
}

const root = ({ d, axes }: Part): number => Math.sqrt(groupSize(d.shape, axes))

/** Omega of one parameter at strength 1; table in docs/strategies/l2-sp.md (strategies.md section 1.1). */
export function omega({ variant, smoothed }: Form, part: Part): Scalar {
  switch (variant) {
    case 'l2':
    case 'l2-sp':
      return tf.mul(0.5, tf.sum(tf.square(part.d)))
    case 'l2-sp-fisher':
      return tf.mul(0.5, tf.sum(tf.mul(part.fisher!, tf.square(part.d))))
    case 'l1-sp':
      return tf.sum(smoothed ? ops.sqrt(squares({ ...part, axes: [] })) : tf.abs(part.d))
    case 'group-lasso-sp':
    case 'group-lasso-sp-fisher':
      return tf.mul(root(part), tf.sum(ops.sqrt(squares(part))))
  }
}

/** The gradient of `omega` by w. */
export function slope({ variant, smoothed }: Form, part: Part): Tensor {
  const { d, fisher } = part
  switch (variant) {
    case 'l2':
    case 'l2-sp':
      return d
    case 'l2-sp-fisher':
      return tf.mul(fisher!, d)
    case 'l1-sp':
      return smoothed ? tf.div(d, ops.sqrt(squares({ ...part, axes: [] }))) : tf.sign(d)
    case 'group-lasso-sp':
    case 'group-lasso-sp-fisher':
      return tf.div(tf.mul(root(part), fisher ? tf.mul(fisher, d) : d), ops.sqrt(squares(part)))
  }
}

/**
 * d after the proximal step of length `reach` (rate times strength): shrunk towards 0 by `reach` in absolute value
 * (`l1-sp`), or a group's norm by `reach` sqrt(size) (Parikh and Boyd, "Proximal algorithms", sections 6.5.2 and
 * 6.5.1). What is nearer than that becomes exactly 0.
 */
export function shrink(variant: 'l1-sp' | 'group-lasso-sp', { d, axes }: Part, reach: number): Tensor {
  if (variant === 'l1-sp') return tf.mul(tf.sign(d), tf.relu(tf.sub(tf.abs(d), reach)))
  const all = tf.square(d)
  const norm = tf.sqrt(axes.length > 0 ? tf.sum(all, [...axes], true) : all)
  const limit = reach * Math.sqrt(groupSize(d.shape, axes))
  // a norm of 0 gives 1 - limit / 0, which is below 0
  return tf.mul(d, tf.relu(tf.sub(1, tf.div(limit, norm))))
}
