import { tf, type Tensor, type Tensor4D } from '../tf'
import {
  refuseDilation,
  spreadOut,
  type ConvFilterAttributes,
  type ConvInputAttributes,
  type ConvKernelAttributes,
} from './conv'
import { outputLength } from './convShape'
import { defineKernel } from './define'
import * as native from '../native/ops'
import * as wasm from '../wasm/forms'

function outputShape(x: Tensor, w: Tensor, { strides, pads: [t, b, l, r] }: ConvKernelAttributes): number[] {
  const [n, h, width, c] = x.shape as [number, number, number, number]
  return [
    n,
    outputLength(h, w.shape[0]!, strides[0], t, b),
    outputLength(width, w.shape[1]!, strides[1], l, r),
    c,
  ]
}

/** y [n, h', w', c m] of x [n, h, w, c] and w [kh, kw, c, m]; output channel c m + q belongs to input channel c. */
export const depthwise = defineKernel<ConvKernelAttributes>({
  name: 'ThawDepthwiseConv2d',
  wasm: ({ x, w }, attributes, backend) => {
    const plain = w!.shape[3] === 1 && attributes.dilations.every((d) => d === 1)
    return plain ? wasm.depthwise(x!, w!, outputShape(x!, w!, attributes), attributes, backend) : undefined
  },
  native: native.depthwise,
  save: ['x', 'w'],
  generic: ({ x, w }, { strides, pads: [top, bottom, left, right], dilations }) => {
    const padded = tf.pad(x!, [
      [0, 0],
      [top, bottom],
      [left, right],
      [0, 0],
    ]) as Tensor4D
    return tf.depthwiseConv2d(padded, w as Tensor4D, [...strides], 'valid', 'NHWC', [...dilations])
  },
  gradient: (dy, [x, w], { strides, pads, dilations }) => {
    refuseDilation(dilations)
    return {
      x: () => depthwiseInput({ dy, w: w! }, { strides, pads, xShape: x!.shape }),
      w: () => depthwiseFilter({ x: x!, dy }, { strides, pads, wShape: w!.shape }),
    }
  },
})

/** Gradient of `depthwise` by x: as for `conv`, channel by channel, summed over the multiplier. */
export const depthwiseInput: (inputs: { dy: Tensor; w: Tensor }, attributes: ConvInputAttributes) => Tensor =
  defineKernel<ConvInputAttributes>({
    name: 'ThawDepthwiseConv2dInput',
    wasm: (inputs, attributes, backend) =>
      inputs['w']!.shape[3] === 1 ? wasm.depthwiseInput(inputs, attributes, backend) : undefined,
    native: native.depthwiseInput,
    save: ['dy', 'w'],
    generic: ({ dy, w }, { strides, pads, xShape }) => {
      const [kh, kw, c, m] = w!.shape as [number, number, number, number]
      const spread = spreadOut(dy as Tensor4D, strides, pads, xShape, [kh, kw])
      const turned = tf.reshape(tf.reverse(w!, [0, 1]), [kh, kw, c * m, 1]) as Tensor4D
      const dx = tf.depthwiseConv2d(spread, turned, 1, 'valid')
      return m === 1 ? dx : tf.sum(tf.reshape(dx, [...xShape.slice(0, 3), c, m]), -1)
    },
    gradient: (g, [dy, w], { strides, pads }) => ({
      dy: () => depthwise({ x: g, w: w! }, { strides, pads, dilations: [1, 1] }),
      w: () => depthwiseFilter({ x: g, dy: dy! }, { strides, pads, wShape: w!.shape }),
    }),
  }) as never

/**
 * Gradient of `depthwise` by w: one depthwise convolution whose channels are images × channels and whose filter is
 * dy, dilated by the strides; then a sum over the images.
 */
export const depthwiseFilter: (
  inputs: { x: Tensor; dy: Tensor },
  attributes: ConvFilterAttributes,
) => Tensor = defineKernel<ConvFilterAttributes>({
  name: 'ThawDepthwiseConv2dFilter',
  wasm: (inputs, attributes, backend) =>
    attributes.wShape[3] === 1 ? wasm.depthwiseFilter(inputs, attributes, backend) : undefined,
  native: native.depthwiseFilter,
  save: ['x', 'dy'],
  generic: ({ x, dy }, { strides, pads: [top, bottom, left, right], wShape }) => {
    const [kh, kw, c, m] = wShape as [number, number, number, number]
    const padded = tf.pad(x!, [
      [0, 0],
      [top, bottom],
      [left, right],
      [0, 0],
    ])
    const [n, h, w] = padded.shape as [number, number, number]
    const wide =
      m === 1 ? padded : tf.reshape(tf.tile(tf.expandDims(padded, 4), [1, 1, 1, 1, m]), [n, h, w, c * m])
    const image = tf.reshape(tf.transpose(wide, [1, 2, 0, 3]), [1, h, w, n * c * m]) as Tensor4D
    const [, ho, wo] = dy!.shape as [number, number, number]
    const filter = tf.reshape(tf.transpose(dy!, [1, 2, 0, 3]), [ho, wo, n * c * m, 1]) as Tensor4D
    const full = tf.depthwiseConv2d(image, filter, 1, 'valid', 'NHWC', [...strides])
    const corner = tf.reshape(tf.slice(full, [0, 0, 0, 0], [1, kh, kw, -1]), [kh, kw, n, c * m])
    return tf.reshape(tf.sum(corner, 2), [kh, kw, c, m])
  },
  gradient: (g, [x, dy], { strides, pads }) => ({
    x: () => depthwiseInput({ dy: dy!, w: g }, { strides, pads, xShape: x!.shape }),
    dy: () => depthwise({ x: x!, w: g }, { strides, pads, dilations: [1, 1] }),
  }),
}) as never
