import { resolvePadding, type Pads } from '../../kernels/convShape'
import { tf, type Tensor } from '../../tf'
import { int, text, type Attribute } from './execute'

type Pair = readonly [number, number]

export interface Window {
  strides: Pair
  pads: Pads
  dilations?: Pair
}

/** TensorFlow's name for a padding where it has one: oneDNN's gradients know no others. */
export function paddingName(
  xShape: readonly number[],
  window: Pair,
  { strides, pads, dilations }: Window,
): 'VALID' | 'SAME' | 'EXPLICIT' {
  if (pads.every((p) => p === 0)) return 'VALID'
  const same = resolvePadding('same', [xShape[1]!, xShape[2]!], window, strides, dilations)
  return same.every((p, i) => p === pads[i]) ? 'SAME' : 'EXPLICIT'
}

const strideAttributes = ({ strides, dilations = [1, 1] }: Window): Attribute[] => [
  int('strides', [1, ...strides, 1]),
  int('dilations', [1, ...dilations, 1]),
  text('data_format', 'NHWC'),
]

/** Attributes of an op over windows of x, any padding. */
export function explicitly(xShape: readonly number[], window: Pair, of: Window): Attribute[] {
  const name = paddingName(xShape, window, of)
  const [top, bottom, left, right] = of.pads
  return [
    ...strideAttributes(of),
    text('padding', name),
    int('explicit_paddings', name === 'EXPLICIT' ? [0, 0, top, bottom, left, right, 0, 0] : []),
  ]
}

export interface Named {
  attributes: Attribute[]
  /** Padding to be made beforehand, for paddings without a name. */
  ahead?: Pads
  /** Shape of x with that padding. */
  xShape: readonly number[]
}

/** The same for ops that know paddings by name alone: what has no name becomes zeros around x and `VALID`. */
export function byName(xShape: readonly number[], window: Pair, of: Window): Named {
  const name = paddingName(xShape, window, of)
  if (name !== 'EXPLICIT') return { attributes: [...strideAttributes(of), text('padding', name)], xShape }
  const [top, bottom, left, right] = of.pads
  const [n, h, w, c] = xShape as [number, number, number, number]
  return {
    attributes: [...strideAttributes(of), text('padding', 'VALID')],
    ahead: of.pads,
    xShape: [n, h + top + bottom, w + left + right, c],
  }
}

/** Values around height and width. */
export const surround = (x: Tensor, [top, bottom, left, right]: Pads, value = 0): Tensor =>
  tf.pad(
    x,
    [
      [0, 0],
      [top, bottom],
      [left, right],
      [0, 0],
    ],
    value,
  )

/** What lies inside of that padding. */
export const inside = (x: Tensor, [top, , left]: Pads, shape: readonly number[]): Tensor =>
  tf.slice(x, [0, top, left, 0], [...shape])
