import { tf, type Tensor } from '../../tf'
import { outputLength } from '../../kernels/convShape'
import { adopt, DataType, execute, free, handle, integers, own, type } from './execute'
import type { Window } from './window'

/** The same window moved by one pixel at a time. */
export const atStrideOne = <A extends Window>(attributes: A): A => ({ ...attributes, strides: [1, 1] })

/** Output shape at stride 1. */
function denseShape(xShape: readonly number[], w: readonly number[], { pads }: Window, channels: number) {
  const [n, height, width] = xShape as [number, number, number]
  const [top, bottom, left, right] = pads
  return [
    n,
    outputLength(height, w[0]!, 1, top, bottom),
    outputLength(width, w[1]!, 1, left, right),
    channels,
  ]
}

/** Every stride-th row and column of an output at stride 1. */
export const thin = (y: Tensor, { strides }: Window): Tensor =>
  tf.stridedSlice(y, [0, 0, 0, 0], y.shape, [1, ...strides, 1])

/** The transpose of `thin`: zeros where an output was left out. */
export function thicken(dy: Tensor, xShape: readonly number[], w: readonly number[], window: Window): Tensor {
  const shape = denseShape(xShape, w, window, dy.shape[3]!)
  const whole = [shape, [0, 0, 0, 0], shape, [1, ...window.strides, 1]].map(integers)
  const attributes = [type('T'), type('Index', DataType.int32)]
  const [made] = execute('StridedSliceGrad', attributes, [...whole, handle(dy)])
  free(...whole)
  return own(adopt(made!))
}
