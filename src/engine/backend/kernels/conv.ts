import { UserError } from '../../../spec/types'
import { tf, type Tensor, type Tensor4D } from '../tf'
import { outputLength, type Pads } from './convShape'
import { defineKernel, definePlainKernel } from './define'
import * as native from '../native/ops'
import * as wasm from '../wasm/forms'

export interface ConvKernelAttributes {
  strides: readonly [number, number]
  pads: Pads
  dilations: readonly [number, number]
}
type Window = Omit<ConvKernelAttributes, 'dilations'>
export type ConvInputAttributes = Window & { xShape: readonly number[] }
export type ConvFilterAttributes = Window & { wShape: readonly number[] }

const explicit = ([top, bottom, left, right]: Pads) =>
  [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ] as [[number, number], [number, number], [number, number], [number, number]]

export function refuseDilation(dilations: readonly [number, number]): void {
  if (dilations[0] !== 1 || dilations[1] !== 1)
    throw new UserError(
      `a convolution with dilation ${dilations.join(' × ')} can be run but not trained; freeze this layer and those before it, or choose a network without dilation`,
    )
}

/** y [n, h', w', out] of x [n, h, w, in] and w [kh, kw, in, out]: correlation, as in every framework. */
export const conv = defineKernel<ConvKernelAttributes>({
  name: 'ThawConv2d',
  native: native.conv,
  save: ['x', 'w'],
  generic: ({ x, w }, { strides, pads, dilations }) =>
    tf.conv2d(x as Tensor4D, w as Tensor4D, [...strides], explicit(pads), 'NHWC', [...dilations]),
  gradient: (dy, [x, w], { strides, pads, dilations }) => {
    refuseDilation(dilations)
    return {
      x: () => convInput({ dy, w: w! }, { strides, pads, xShape: x!.shape }),
      w: () => convFilter({ x: x!, dy }, { strides, pads, wShape: w!.shape }),
    }
  },
})

/** w turned by 180 degrees with its channels exchanged; only ever run inside of `convInput`. */
const turnFilter: (inputs: { w: Tensor }) => Tensor = definePlainKernel({
  name: 'ThawTurnFilter',
  wasm: wasm.turnFilter,
  generic: ({ w }) => tf.transpose(tf.reverse(w!, [0, 1]), [0, 1, 3, 2]),
})

/**
 * Gradient of `conv` by x: a convolution at stride 1 of dy, spread out by the strides, with the filter turned by
 * 180 degrees and its channels exchanged. (Dumoulin and Visin, "A guide to convolution arithmetic", section 4.)
 */
export const convInput: (inputs: { dy: Tensor; w: Tensor }, attributes: ConvInputAttributes) => Tensor =
  defineKernel<ConvInputAttributes>({
    name: 'ThawConv2dInput',
    native: native.convInput,
    save: ['dy', 'w'],
    generic: ({ dy, w }, { strides, pads, xShape }) => {
      const [kh, kw] = w!.shape as [number, number, number, number]
      const turned = turnFilter({ w: w! }) as Tensor4D
      const around = [kh - 1 - pads[0], kh - 1 - pads[1], kw - 1 - pads[2], kw - 1 - pads[3]] as const
      if (strides[0] === 1 && strides[1] === 1 && around.every((p) => p >= 0))
        return tf.conv2d(dy as Tensor4D, turned, 1, explicit(around))
      return tf.conv2d(spreadOut(dy as Tensor4D, strides, pads, xShape, [kh, kw]), turned, 1, 'valid')
    },
    gradient: (g, [dy, w], { strides, pads }) => ({
      dy: () => conv({ x: g, w: w! }, { strides, pads, dilations: [1, 1] }),
      w: () => convFilter({ x: g, dy: dy! }, { strides, pads, wShape: w!.shape }),
    }),
  }) as never

/** Gradient of `conv` by w: a convolution of x with dy as its filter, dilated by the strides, batch as channels. */
export const convFilter: (inputs: { x: Tensor; dy: Tensor }, attributes: ConvFilterAttributes) => Tensor =
  defineKernel<ConvFilterAttributes>({
    name: 'ThawConv2dFilter',
    wasm: wasm.convFilter,
    native: native.convFilter,
    save: ['x', 'dy'],
    generic: ({ x, dy }, { strides, pads, wShape }) => {
      const [kh, kw] = wShape as [number, number, number, number]
      const image = tf.transpose(tf.pad(x!, explicit(pads)), [3, 1, 2, 0]) as Tensor4D
      const filter = tf.transpose(dy!, [1, 2, 0, 3]) as Tensor4D
      const full = tf.conv2d(image, filter, 1, 'valid', 'NHWC', [...strides])
      // rows beyond the filter appear where the strides leave a rest of the input unread
      return tf.transpose(tf.slice(full, [0, 0, 0, 0], [-1, kh, kw, -1]), [1, 2, 0, 3])
    },
    gradient: (g, [x, dy], { strides, pads }) => ({
      x: () => convInput({ dy: dy!, w: g }, { strides, pads, xShape: x!.shape }),
      dy: () => conv({ x: x!, w: g }, { strides, pads, dilations: [1, 1] }),
    }),
  }) as never

/** dy with zeros between its pixels and around it, so that a valid convolution at stride 1 gives x's size. */
export function spreadOut(
  dy: Tensor4D,
  strides: readonly [number, number],
  pads: Pads,
  xShape: readonly number[],
  window: readonly [number, number],
): Tensor4D {
  const [n, ho, wo, c] = dy.shape
  const [sh, sw] = strides
  let out = dy
  if (sh > 1 || sw > 1) {
    const grid = tf.pad(tf.reshape(dy, [n * ho, 1, wo, 1, c]), [
      [0, 0],
      [0, sh - 1],
      [0, 0],
      [0, sw - 1],
      [0, 0],
    ])
    out = tf.slice(
      tf.reshape(grid, [n, ho * sh, wo * sw, c]),
      [0, 0, 0, 0],
      [n, (ho - 1) * sh + 1, (wo - 1) * sw + 1, c],
    ) as Tensor4D
  }
  const around = [0, 1].map((axis) => {
    const before = window[axis as 0 | 1] - 1 - pads[axis * 2]!
    return [before, xShape[axis + 1]! + window[axis as 0 | 1] - 1 - before - out.shape[axis + 1]!] as [
      number,
      number,
    ]
  })
  return cropOrPad(out, around as [[number, number], [number, number]])
}

/** Pads height and width; a negative amount (padding wider than the window) crops. */
function cropOrPad(x: Tensor4D, [rows, columns]: [[number, number], [number, number]]): Tensor4D {
  const crop = (amount: number) => Math.max(0, -amount)
  const [n, h, w, c] = x.shape
  const inner = tf.slice(
    x,
    [0, crop(rows[0]), crop(columns[0]), 0],
    [n, h - crop(rows[0]) - crop(rows[1]), w - crop(columns[0]) - crop(columns[1]), c],
  )
  const add = (amount: number) => Math.max(0, amount)
  return tf.pad(inner, [
    [0, 0],
    [add(rows[0]), add(rows[1])],
    [add(columns[0]), add(columns[1])],
    [0, 0],
  ]) as Tensor4D
}

export function checkFits(
  what: string,
  shape: readonly number[],
  window: readonly number[],
  a: ConvKernelAttributes,
): void {
  const [top, bottom, left, right] = a.pads
  const h = outputLength(shape[1]!, window[0]!, a.strides[0], top, bottom, a.dilations[0])
  const w = outputLength(shape[2]!, window[1]!, a.strides[1], left, right, a.dilations[1])
  if (h < 1 || w < 1)
    throw new UserError(
      `${what}: an input of ${shape[1]} × ${shape[2]} pixels is smaller than the window of ${window[0]} × ${window[1]}; use a larger input size or cut the network earlier`,
    )
}
