import { tf, type Tensor } from '../tf'
import { derivative } from './register'

const kept = (shape: number[], axes: number[]) => shape.map((d, i) => (axes.includes(i) ? 1 : d))
const axesOf = (axis: number | number[] | undefined, shape: number[]) =>
  tf.util.parseAxisParam(axis as number, shape)

type Axes = { axis?: number | number[] }
const spread = (g: Tensor, x: Tensor, axes: number[]) =>
  tf.mul(tf.reshape(g, kept(x.shape, axes)), tf.onesLike(x))

derivative<Axes>('Sum', ['x'], (g, [x], { axis }) => ({ x: () => spread(g, x!, axesOf(axis, x!.shape)) }))
derivative<Axes>('Mean', ['x'], (g, [x], { axis }) => ({
  x: () => tf.div(spread(g, x!, axesOf(axis, x!.shape)), x!.size / g.size),
}))

/** Equal extremes share the gradient evenly, as PyTorch's amax does. */
for (const [name, extreme] of [
  ['Max', tf.max],
  ['Min', tf.min],
] as const)
  derivative<{ reductionIndices?: number | number[] }>(name, ['x'], (g, [x], { reductionIndices }) => ({
    x: () => {
      const axes = axesOf(reductionIndices, x!.shape)
      const mask = tf.cast(tf.equal(x!, extreme(x!, axes, true)), 'float32')
      return tf.mul(tf.reshape(g, kept(x!.shape, axes)), tf.div(mask, tf.sum(mask, axes, true)))
    },
  }))
