import { UserError } from '../../spec/types'
import {
  elu,
  exp,
  leakyRelu,
  log,
  relu,
  relu6,
  rsqrt,
  sigmoid,
  sqrt,
  swish,
  tanh,
} from './kernels/activation'
import { batchNormEval, batchNormTrain } from './kernels/batchNorm'
import { channelDot, channelScale, channelShift, channelSum } from './kernels/channel'
import { checkFits, conv } from './kernels/conv'
import { dilationsOf, resolvePadding } from './kernels/convShape'
import { depthwise } from './kernels/depthwise'
import { mapDistance } from './kernels/distance'
import { fusedConv, fusedDepthwise } from './kernels/fusedConv'
import type { Follow } from './kernels/batchNorm'
import { mix } from './kernels/mix'
import { plus } from './kernels/plus'
import { avgPool, globalAveragePool, maxPool } from './kernels/pool'
import { resizeBilinear } from './kernels/resize'
import { gather } from './kernels/rows'
import { logSoftmax, logSumExp, softmax, softmaxCrossEntropy } from './kernels/softmax'
import { tf, type Tensor } from './tf'
import type { ConvAttributes, Padding } from './types'

type Pair = readonly [number, number]
const size = (x: Tensor): [number, number] => [x.shape[1]!, x.shape[2]!]
const window = (w: Tensor): [number, number] => [w.shape[0]!, w.shape[1]!]

function convAttributes(what: string, x: Tensor, w: Tensor, attributes: ConvAttributes) {
  if (x.shape[3] !== w.shape[2])
    throw new UserError(
      `${what}: the input has ${x.shape[3]} channels, its kernel [${w.shape}] wants ${w.shape[2]}`,
    )
  const dilations = dilationsOf(attributes)
  const pads = resolvePadding(attributes.padding, size(x), window(w), attributes.strides, dilations)
  const result = { strides: attributes.strides, pads, dilations }
  checkFits(what, x.shape, w.shape, result)
  return result
}

/** y [n, h', w', out] of x [n, h, w, in] and w [kh, kw, in, out], plus `bias` [out] where given. */
function conv2d(x: Tensor, w: Tensor, attributes: ConvAttributes, bias?: Tensor): Tensor {
  const y = conv({ x, w }, convAttributes('conv2d', x, w, attributes))
  return bias ? biasAdd(y, bias) : y
}

/** y [n, h', w', c m] of x [n, h, w, c] and w [kh, kw, c, m], plus `bias` [c m] where given. */
function depthwiseConv2d(x: Tensor, w: Tensor, attributes: ConvAttributes, bias?: Tensor): Tensor {
  const y = depthwise({ x, w }, convAttributes('depthwiseConv2d', x, w, attributes))
  return bias ? biasAdd(y, bias) : y
}

/** Convolutions with bias and activation in one pass, where no gradient is recorded: they have none. */
export const fused = {
  conv2d: (x: Tensor, w: Tensor, attributes: ConvAttributes, bias: Tensor, follow: Follow): Tensor =>
    fusedConv({ x, w, bias }, { ...convAttributes('conv2d', x, w, attributes), follow }),
  depthwiseConv2d: (x: Tensor, w: Tensor, attributes: ConvAttributes, bias: Tensor, follow: Follow): Tensor =>
    fusedDepthwise({ x, w, bias }, { ...convAttributes('depthwiseConv2d', x, w, attributes), follow }),
}

/** x + b, b along the last axis. */
const biasAdd = (x: Tensor, b: Tensor): Tensor => channelShift({ x, b })

const matMul = (a: Tensor, b: Tensor, transposeA = false, transposeB = false): Tensor =>
  tf.matMul(a, b, transposeA, transposeB)

/** x [n, in] w [in, out] + bias [out]. */
const dense = (x: Tensor, w: Tensor, bias?: Tensor): Tensor =>
  bias ? biasAdd(matMul(x, w), bias) : matMul(x, w)

interface PoolOptions {
  size: Pair
  strides: Pair
  padding: Padding
}

function poolAttributes(what: string, x: Tensor, { size: over, strides, padding }: PoolOptions) {
  const pads = resolvePadding(padding, size(x), over, strides)
  checkFits(what, x.shape, over, { strides, pads, dilations: [1, 1] })
  return { size: over, strides, pads }
}

/** [top, bottom, left, right] rows and columns of zeros. */
const zeroPad = (x: Tensor, [top, bottom, left, right]: readonly [number, number, number, number]): Tensor =>
  tf.pad(x, [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ])

/** Dot products over all axes but the last, sums likewise and scalings: [c] from or onto [..., c]. */
const channels = {
  sum: (x: Tensor): Tensor => channelSum({ x }, { xShape: x.shape }),
  dot: (a: Tensor, b: Tensor): Tensor => channelDot({ a, b }),
  scale: (x: Tensor, s: Tensor): Tensor => channelScale({ x, s }),
}

/**
 * The ops a network may be made of. Each is closed under differentiation: derivatives of first and second order are
 * tested on every back end against float64 PyTorch (test/numerics/backend.test.ts). tfjs's own exp, sqrt, tanh,
 * sigmoid, softmax, logSoftmax and batchNorm are not: their second derivatives are silently wrong.
 */
export const ops = {
  conv2d,
  depthwiseConv2d,
  matMul,
  dense,
  biasAdd,
  batchNormEval,
  batchNormTrain,
  relu,
  relu6,
  sigmoid,
  tanh,
  swish,
  elu,
  leakyRelu,
  softmax,
  logSoftmax,
  softmaxCrossEntropy,
  logSumExp,
  maxPool: (x: Tensor, options: PoolOptions): Tensor => maxPool(x, poolAttributes('maxPool', x, options)),
  /** Padding does not count in the mean. */
  avgPool: (x: Tensor, options: PoolOptions): Tensor =>
    avgPool({ x }, { ...poolAttributes('avgPool', x, options), xShape: x.shape }),
  globalAveragePool: (x: Tensor): Tensor => globalAveragePool({ x }, { xShape: x.shape }),
  /** Mean over positions of (a - b)^2 [n, c] for maps a, b [n, h, w, c]. */
  mapDistance: (a: Tensor, b: Tensor): Tensor => mapDistance({ a, b }),
  zeroPad,
  /** Bilinear x [n, h, w, c] at another size; centres of pixels stay in place (PyTorch's align_corners=False). */
  resizeBilinear,
  add: (a: Tensor, b: Tensor): Tensor =>
    tf.util.arraysEqual(a.shape, b.shape) ? plus({ a, b }) : tf.add(a, b),
  multiply: (a: Tensor, b: Tensor): Tensor => tf.mul(a, b),
  /** Along the last axis unless told. */
  concat: (parts: Tensor[], axis = -1): Tensor => tf.concat(parts, axis),
  reshape: (x: Tensor, shape: readonly number[]): Tensor => tf.reshape(x, [...shape]),
  /** [n, ...] to [n, product]. */
  flatten: (x: Tensor): Tensor => tf.reshape(x, [x.shape[0]!, x.size / x.shape[0]!]),
  exp,
  log,
  sqrt,
  rsqrt,
  square: (x: Tensor): Tensor => tf.square(x),
  abs: (x: Tensor): Tensor => tf.abs(x),
  sum: (x: Tensor, axes?: number | number[], keepDims = false): Tensor => tf.sum(x, axes, keepDims),
  mean: (x: Tensor, axes?: number | number[], keepDims = false): Tensor => tf.mean(x, axes, keepDims),
  /** a (1 - g) + b g for a, b [n, ..., c] and gates g [n, c]; gates of exactly 0 and 1 select. */
  mix: (a: Tensor, b: Tensor, g: Tensor): Tensor => mix({ a, b, g }),
  /** Rows of x [r, ...] at int32 `indices` [k]. */
  gather,
  channels,
}
