import { tf, type Tensor } from '../tf'
import { defineKernel } from './define'

const rowGather: (inputs: { x: Tensor; indices: Tensor }, attributes: { rows: number }) => Tensor =
  defineKernel<{ rows: number }>({
    name: 'ThawGatherRows',
    save: ['indices'],
    generic: ({ x, indices }) => tf.gather(x!, indices as never, 0),
    gradient: (g, [indices], { rows }) => ({
      x: () => rowScatter({ g, indices: indices! }, { rows }),
      indices: () => tf.zeros(indices!.shape),
    }),
  }) as never

/** Adds the rows of g into zeros [rows, ...]; the same row may come more than once. */
const rowScatter: (inputs: { g: Tensor; indices: Tensor }, attributes: { rows: number }) => Tensor =
  defineKernel<{ rows: number }>({
    name: 'ThawScatterRows',
    save: ['indices'],
    generic: ({ g, indices }, { rows }) => {
      // a product with the one-hot matrix: every back end has it, and it adds in a fixed order
      const [k, ...rest] = g!.shape as [number, ...number[]]
      const choice = tf.cast(tf.oneHot(indices as never, rows), 'float32')
      return tf.reshape(tf.matMul(choice as never, tf.reshape(g!, [k, -1]), true) as Tensor, [rows, ...rest])
    },
    gradient: (h, [indices], { rows }) => ({
      g: () => rowGather({ x: h, indices: indices! }, { rows }),
      indices: () => tf.zeros(indices!.shape),
    }),
  }) as never

export const gather = (x: Tensor, indices: Tensor): Tensor => rowGather({ x, indices }, { rows: x.shape[0]! })

/** Transpose of `gather`: adds the rows of g into zeros of `rows` rows. */
export const scatter = (g: Tensor, indices: Tensor, rows: number): Tensor =>
  rowScatter({ g, indices }, { rows })
