// Convolutions on TensorFlow, under the names of ../../kernels.
import type { ConvFilterAttributes, ConvInputAttributes, ConvKernelAttributes } from '../../kernels/conv'
import { tf, type Tensor, type TensorInfo } from '../../tf'
import {
  adopt,
  execute,
  free,
  handle,
  integers,
  onGpu,
  own,
  type,
  type Attribute,
  type Handle,
} from './execute'
import { hasKernels, kernels, made, windowNumbers } from './kernels'
import { hasOneDnn, preferOneDnn } from './oneDnn'
import { asProduct, wayOf, type Way } from './filterGradient'
import { getPrecision, inPrecision, operandType } from './precision'
import { atStrideOne, thicken, thin } from './uneven'
import { byName, explicitly, inside, paddingName, surround, type Named, type Window } from './window'

type Inputs = Record<string, Tensor>
type Kind = 'Conv2D' | 'DepthwiseConv2dNative'

const windowOf = (shape: readonly number[]): [number, number] => [shape[0]!, shape[1]!]

/** TensorFlow's depthwise kernels take one stride for both axes. */
const uneven = (kind: Kind, { strides }: Window): boolean => kind !== 'Conv2D' && strides[0] !== strides[1]
/** Value only: the composed form knows how. */
const dilated = (kind: Kind, { dilations = [1, 1] }: Window): boolean =>
  kind !== 'Conv2D' && dilations.some((d) => d !== 1)

/** Our kernel of a depthwise convolution knows every window; where oneDNN has a name for it, oneDNN is quicker. */
const byKernel = (
  kind: Kind,
  xShape: readonly number[],
  wShape: readonly number[],
  window: Window,
): boolean =>
  kind !== 'Conv2D' &&
  wShape[3] === 1 &&
  hasKernels() &&
  getPrecision() === 'float32' &&
  (!hasOneDnn() ||
    uneven(kind, window) ||
    dilated(kind, window) ||
    paddingName(xShape, windowOf(wShape), window) === 'EXPLICIT')

/** An op of a convolution's family: its two big operands in the precision that is set, its result in float32. */
function run(
  op: string,
  attributes: readonly Attribute[],
  operands: readonly [Tensor, Tensor],
  order: (a: Handle, b: Handle) => Handle[],
  wanted = true,
): TensorInfo {
  const dtype = operandType()
  const [name, all] = preferOneDnn(op, [type('T', dtype), ...attributes], { dtype, wanted })
  return adopt(inPrecision(operands, ([a, b]) => execute(name, all, order(a!, b!))[0]!))
}

const forward =
  (kind: Kind) =>
  ({ x, w }: Inputs, attributes: ConvKernelAttributes): TensorInfo | undefined => {
    if (byKernel(kind, x!.shape, w!.shape, attributes)) {
      const window = windowNumbers(x!.shape, w!.shape, attributes)
      const shape = [x!.shape[0]!, ...window.slice(-2), x!.shape[3]!]
      return made(kernels().depthwise(handle(x!), handle(w!), window, -1, 0), shape)
    }
    if (dilated(kind, attributes)) return undefined
    if (uneven(kind, attributes))
      return tf.tidy(() => thin(own(forward(kind)({ x: x!, w: w! }, atStrideOne(attributes))!), attributes))
    const window = windowOf(w!.shape)
    const plain = (a: Handle, b: Handle) => [a, b]
    if (kind === 'Conv2D') return run(kind, explicitly(x!.shape, window, attributes), [x!, w!], plain)
    const named = byName(x!.shape, window, attributes)
    return tf.tidy(() => {
      const padded = named.ahead ? surround(x!, named.ahead) : x!
      return own(run(kind, named.attributes, [padded, w!], plain))
    })
  }

/** Gradient by x. */
const input =
  (kind: Kind) =>
  ({ dy, w }: Inputs, attributes: ConvInputAttributes): TensorInfo | undefined => {
    const { xShape, strides } = attributes
    if (byKernel(kind, xShape, w!.shape, attributes)) {
      const window = windowNumbers(xShape, w!.shape, attributes)
      return made(kernels().depthwiseInput(handle(dy!), handle(w!), window, xShape), xShape)
    }
    // the processor's plain op takes one image at a time; the generic form, a forward convolution, is quicker
    const slow = kind === 'Conv2D' && !onGpu() && !hasOneDnn() && strides.every((s) => s === 1)
    if (slow) return undefined
    if (uneven(kind, attributes))
      return tf.tidy(() => {
        const dense = thicken(dy!, xShape, w!.shape, attributes)
        return own(input(kind)({ dy: dense, w: w! }, atStrideOne(attributes))!)
      })
    const named = byName(xShape, windowOf(w!.shape), attributes)
    return tf.tidy(() => {
      const size = integers(named.xShape)
      const dx = own(run(`${kind}BackpropInput`, named.attributes, [dy!, w!], (a, b) => [size, b, a]))
      free(size)
      return named.ahead ? inside(dx, named.ahead, xShape) : dx
    })
  }

/** Gradient by w. */
const filter =
  (kind: Kind) =>
  ({ x, dy }: Inputs, attributes: ConvFilterAttributes): TensorInfo | undefined => {
    const { wShape } = attributes
    if (kind !== 'Conv2D' && wShape[3] === 1 && hasKernels() && getPrecision() === 'float32') {
      const window = windowNumbers(x!.shape, wShape, attributes)
      return made(kernels().depthwiseFilter(handle(x!), handle(dy!), window, wShape), wShape)
    }
    if (uneven(kind, attributes))
      return tf.tidy(() => {
        const dense = thicken(dy!, x!.shape, wShape, attributes)
        return own(filter(kind)({ x: x!, dy: dense }, atStrideOne(attributes))!)
      })
    const window = windowOf(wShape)
    const way = kind === 'Conv2D' ? wayOfConv(x!, dy!, wShape, attributes) : wayOfDepthwise(window)
    if (way === 'product') return asProduct(x!, dy!, wShape, paddingName(x!.shape, window, attributes))
    // the plain gradients of a convolution know every padding
    const all = kind === 'Conv2D' && way === 'plain' ? explicitly(x!.shape, window, attributes) : undefined
    const named: Omit<Named, 'xShape'> = all ? { attributes: all } : byName(x!.shape, window, attributes)
    return tf.tidy(() => {
      const padded = named.ahead ? surround(x!, named.ahead) : x!
      const size = integers(wShape)
      const op = `${kind}BackpropFilter`
      const order = (a: Handle, b: Handle) => [a, size, b]
      const dw = own(run(op, named.attributes, [padded, dy!], order, way === 'oneDNN'))
      free(size)
      return dw
    })
  }

function wayOfConv(x: Tensor, dy: Tensor, wShape: readonly number[], attributes: Window): Way {
  if (!hasOneDnn() || getPrecision() !== 'float32') return hasOneDnn(operandType()) ? 'oneDNN' : 'plain'
  const padding = paddingName(x.shape, windowOf(wShape), attributes)
  return wayOf(wShape, attributes, dy.size / wShape[3]!, padding)
}

/** oneDNN's gradient of large depthwise filters was seen to take up to 13 times as long as the plain one. */
const wayOfDepthwise = ([kh, kw]: readonly [number, number]): Way => (kh * kw <= 9 ? 'oneDNN' : 'plain')

export const conv = forward('Conv2D')
export const convInput = input('Conv2D')
export const convFilter = filter('Conv2D')
export const depthwise = forward('DepthwiseConv2dNative')
export const depthwiseInput = input('DepthwiseConv2dNative')
export const depthwiseFilter = filter('DepthwiseConv2dNative')
