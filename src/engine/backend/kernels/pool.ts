import { tf, type Tensor, type Tensor4D } from '../tf'
import { outputLength, type Pads } from './convShape'
import { defineKernel } from './define'
import { differentiable } from '../mode'
import * as native from '../native/ops'
import * as wasm from '../wasm/forms'

export interface PoolAttributes {
  size: readonly [number, number]
  strides: readonly [number, number]
  pads: Pads
}

function outputShape(x: readonly number[], { size, strides, pads: [t, b, l, r] }: PoolAttributes): number[] {
  const [n, h, w, c] = x as [number, number, number, number]
  return [n, outputLength(h, size[0], strides[0], t, b), outputLength(w, size[1], strides[1], l, r), c]
}

/** Windows of x as [n h' w', kh kw, c] and `outside` in padded places; forward only. */
function windows(x: Tensor, { size, strides, pads: [t, b, l, r] }: PoolAttributes, outside: number): Tensor {
  const padded = tf.pad(
    x,
    [
      [0, 0],
      [t, b],
      [l, r],
      [0, 0],
    ],
    outside,
  )
  const [n, h, w, c] = x.shape as [number, number, number, number]
  const ho = outputLength(h, size[0], strides[0], t, b)
  const wo = outputLength(w, size[1], strides[1], l, r)
  const taps: Tensor[] = []
  for (let i = 0; i < size[0]; i++)
    for (let j = 0; j < size[1]; j++)
      taps.push(
        tf.stridedSlice(
          padded,
          [0, i, j, 0],
          [n, i + (ho - 1) * strides[0] + 1, j + (wo - 1) * strides[1] + 1, c],
          [1, strides[0], strides[1], 1],
        ),
      )
  return tf.stack(taps, 3)
}

/** Flat index into x of the largest value of each window, the first among equals. */
const maxIndices = defineKernel<PoolAttributes>({
  name: 'ThawMaxPoolIndices',
  wasm: ({ x }, attributes, backend) =>
    wasm.maxIndices(x!, outputShape(x!.shape, attributes), attributes, backend),
  native: native.maxIndices,
  generic: ({ x }, attributes) => {
    const [n, h, w, c] = x!.shape as [number, number, number, number]
    // float32 counts to 2^24; only wasm, which counts in integers, gets tensors of that size
    if (x!.size >= 2 ** 24) throw new Error('maxPool on this back end takes fewer than 16.7 million values')
    const places = tf.reshape(tf.range(0, n * h * w * c, 1, 'float32'), [n, h, w, c])
    const values = windows(x!, attributes, Number.NEGATIVE_INFINITY)
    const choice = tf.oneHot(tf.argMax(values, 3) as never, values.shape[3]!) // [n, h', w', c, taps]
    const where = tf.transpose(windows(places, attributes, 0), [0, 1, 2, 4, 3])
    return tf.cast(tf.sum(tf.mul(where, tf.cast(choice, 'float32')), -1), 'int32')
  },
  save: ['x'],
  gradient: (_, [x]) => ({ x: () => tf.zerosLike(x!) }),
})

/** `windows` tells which windows the indices come from, each at most one: then a scatter can go by pixel. */
type FlatAttributes = { xShape: readonly number[]; windows: PoolAttributes }

/** Values of x at flat `indices`; shape of the indices. */
const gatherFlat: (inputs: { x: Tensor; indices: Tensor }, attributes: FlatAttributes) => Tensor =
  defineKernel<FlatAttributes>({
    name: 'ThawGatherFlat',
    wasm: wasm.gatherFlat,
    save: ['indices'],
    generic: ({ x, indices }) =>
      tf.reshape(tf.gather(tf.reshape(x!, [-1]), tf.reshape(indices!, [-1]) as never), indices!.shape),
    gradient: (g, [indices], attributes) => ({
      x: () => scatterFlat({ g, indices: indices! }, attributes),
      indices: () => tf.zeros(indices!.shape),
    }),
  }) as never

/** Adds g into zeros of `xShape` at flat `indices`. */
const scatterFlat: (inputs: { g: Tensor; indices: Tensor }, attributes: FlatAttributes) => Tensor =
  defineKernel<FlatAttributes>({
    name: 'ThawScatterFlat',
    wasm: wasm.scatterFlat,
    save: ['indices'],
    generic: ({ g, indices }, { xShape }) => {
      const size = xShape.reduce((a, b) => a * b, 1)
      return tf.reshape(tf.scatterND(tf.reshape(indices!, [-1, 1]), tf.reshape(g!, [-1]), [size]), [
        ...xShape,
      ])
    },
    gradient: (h, [indices], attributes) => ({
      g: () => gatherFlat({ x: h, indices: indices! }, attributes),
      indices: () => tf.zeros(indices!.shape),
    }),
  }) as never

/** Max pooling as a gather, so that its derivative of any order is a scatter or a gather. Padding never wins. */
const gatherLargest = (x: Tensor, attributes: PoolAttributes): Tensor =>
  gatherFlat({ x, indices: maxIndices({ x }, attributes) }, { xShape: x.shape, windows: attributes })

/** The same in one op each way, where the back end has them; second output: what the gradient wants to see. */
const fusedMaxPool = defineKernel<PoolAttributes>({
  name: 'ThawMaxPool',
  save: ['x'],
  saveOutputs: [true, true],
  native: native.maxPool,
  generic: ({ x }, attributes) => [gatherLargest(x!, attributes), tf.zeros([0])],
  gradient: (dys, [x, y, seen], attributes) => ({
    x: () => {
      const [dy] = dys as unknown as [Tensor]
      if (!differentiable() && native.isNative())
        return native.maxPoolInput({ x: x!, y: y!, dy, seen: seen! }, attributes)
      const indices = maxIndices({ x: x! }, attributes)
      return scatterFlat({ g: dy, indices }, { xShape: x!.shape, windows: attributes })
    },
  }),
}) as unknown as (inputs: { x: Tensor }, attributes: PoolAttributes) => [Tensor, Tensor]

/** Largest value of each window, the first among equals. */
export const maxPool = (x: Tensor, attributes: PoolAttributes): Tensor =>
  native.isNative() ? fusedMaxPool({ x }, attributes)[0] : gatherLargest(x, attributes)

/** Mean of each window over the pixels that are inside the image, as TensorFlow has it. */
export const avgPool: (
  inputs: { x: Tensor },
  attributes: PoolAttributes & { xShape: readonly number[] },
) => Tensor = defineKernel<PoolAttributes & { xShape: readonly number[] }>({
  name: 'ThawAvgPool',
  native: native.avgPool,
  wasm: ({ x }, attributes, backend) =>
    wasm.avgPool(x!, outputShape(x!.shape, attributes), attributes, false, backend),
  generic: ({ x }, attributes) => {
    const inside = windows(tf.ones([1, ...x!.shape.slice(1, 3), 1]), attributes, 0)
    return tf.div(tf.sum(windows(x!, attributes, 0), 3), tf.sum(inside, 3))
  },
  gradient: (g, _, attributes) => ({ x: () => avgPoolInput({ dy: g }, attributes) }),
}) as never

export const avgPoolInput: (
  inputs: { dy: Tensor },
  attributes: PoolAttributes & { xShape: readonly number[] },
) => Tensor = defineKernel<PoolAttributes & { xShape: readonly number[] }>({
  name: 'ThawAvgPoolInput',
  native: native.avgPoolInput,
  wasm: ({ dy }, attributes, backend) => wasm.avgPool(dy!, attributes.xShape, attributes, true, backend),
  generic: ({ dy }, { size, strides, pads, xShape }) => {
    const [, h, w, c] = xShape as [number, number, number, number]
    const inside = tf.sum(windows(tf.ones([1, h, w, 1]), { size, strides, pads }, 0), 3)
    const each = tf.div(dy!, inside) as Tensor4D
    return spreadBox(each, size, strides, pads, [h, w, c])
  },
  gradient: (g, _, attributes) => ({ dy: () => avgPool({ x: g }, attributes) }),
}) as never

/** Adds each value of y to all pixels of its window. */
function spreadBox(
  y: Tensor4D,
  size: readonly [number, number],
  strides: readonly [number, number],
  [t, b, l, r]: Pads,
  [h, w, c]: [number, number, number],
): Tensor {
  const [n, ho, wo] = y.shape
  let sum: Tensor = tf.zeros([n, h + t + b, w + l + r, c])
  const [sh, sw] = strides
  const grid = tf.slice(
    tf.reshape(
      tf.pad(tf.reshape(y, [n * ho, 1, wo, 1, c]), [
        [0, 0],
        [0, sh - 1],
        [0, 0],
        [0, sw - 1],
        [0, 0],
      ]),
      [n, ho * sh, wo * sw, c],
    ),
    [0, 0, 0, 0],
    [n, (ho - 1) * sh + 1, (wo - 1) * sw + 1, c],
  )
  for (let i = 0; i < size[0]; i++)
    for (let j = 0; j < size[1]; j++) {
      const below = h + t + b - i - grid.shape[1]!
      const right = w + l + r - j - grid.shape[2]!
      sum = tf.add(
        sum,
        tf.pad(grid, [
          [0, 0],
          [i, below],
          [j, right],
          [0, 0],
        ]),
      )
    }
  return tf.slice(sum, [0, t, l, 0], [n, h, w, c])
}

/** Mean over height and width: [n, c]. */
export const globalAveragePool: (inputs: { x: Tensor }, attributes: { xShape: readonly number[] }) => Tensor =
  defineKernel<{ xShape: readonly number[] }>({
    name: 'ThawGlobalAveragePool',
    wasm: ({ x }, { xShape }, backend) => wasm.globalPool(x!, [xShape[0]!, xShape[3]!], false, backend),
    generic: ({ x }) => tf.mean(x!, [1, 2]),
    gradient: (g, _, { xShape }) => ({ x: () => globalAveragePoolInput({ dy: g }, { xShape }) }),
  }) as never

/** dy [n, c] / (h w) in every pixel. */
export const globalAveragePoolInput: (
  inputs: { dy: Tensor },
  attributes: { xShape: readonly number[] },
) => Tensor = defineKernel<{ xShape: readonly number[] }>({
  name: 'ThawGlobalAveragePoolInput',
  wasm: ({ dy }, { xShape }, backend) => wasm.globalPool(dy!, xShape, true, backend),
  generic: ({ dy }, { xShape }) => {
    const [n, h, w, c] = xShape as [number, number, number, number]
    return tf.tile(tf.reshape(tf.div(dy!, h * w), [n, 1, 1, c]), [1, h, w, 1])
  },
  gradient: (g, _, { xShape }) => ({ dy: () => globalAveragePool({ x: g }, { xShape }) }),
}) as never
