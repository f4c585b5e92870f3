// A convolution, its bias and its activation in one op, for whoever records no gradient.
import type { Follow } from '../../kernels/batchNorm'
import type { ConvKernelAttributes } from '../../kernels/conv'
import type { Tensor, TensorInfo } from '../../tf'
import { adopt, DataType, execute, handle, int, text, type, type Attribute } from './execute'
import { followOf, hasKernels, kernels, made, windowNumbers } from './kernels'
import { hasOneDnn, preferOneDnn } from './oneDnn'
import { getPrecision } from './precision'
import { byName, explicitly, paddingName } from './window'

type Inputs = Record<string, Tensor>
export type FusedAttributes = ConvKernelAttributes & { follow: Follow }

const names: Record<Follow, readonly string[]> = {
  linear: ['BiasAdd'],
  relu: ['BiasAdd', 'Relu'],
  relu6: ['BiasAdd', 'Relu6'],
}

const fusedWith = (follow: Follow): Attribute[] => [
  int('num_args', 1),
  type('TArgs', [DataType.float]),
  int('num_host_args', 0),
  text('fused_ops', names[follow]),
]

const window = (w: Tensor) => [w.shape[0]!, w.shape[1]!] as const
const exact = () => hasOneDnn() && getPrecision() === 'float32'

/** follow(x * w + bias); undefined without oneDNN, whose op it is. */
export const fusedConv = ({ x, w, bias }: Inputs, attributes: FusedAttributes): TensorInfo | undefined => {
  if (!exact()) return undefined
  const all = [type('T'), ...explicitly(x!.shape, window(w!), attributes), ...fusedWith(attributes.follow)]
  const [op, marked] = preferOneDnn('FusedConv2D', all)
  return adopt(execute(op, marked, [x!, w!, bias!].map(handle))[0]!)
}

/** The same of a depthwise convolution with one multiplier: oneDNN's op where the window has a name, else our kernel. */
export const fusedDepthwise = (
  { x, w, bias }: Inputs,
  attributes: FusedAttributes,
): TensorInfo | undefined => {
  if (w!.shape[3] !== 1 || getPrecision() !== 'float32') return undefined
  const { strides, dilations, follow } = attributes
  const named =
    strides[0] === strides[1] &&
    dilations.every((d) => d === 1) &&
    paddingName(x!.shape, window(w!), attributes) !== 'EXPLICIT'
  if (named && hasOneDnn()) {
    const all = [type('T'), ...byName(x!.shape, window(w!), attributes).attributes, ...fusedWith(follow)]
    const [op, marked] = preferOneDnn('FusedDepthwiseConv2dNative', all)
    return adopt(execute(op, marked, [x!, w!, bias!].map(handle))[0]!)
  }
  if (!hasKernels()) return undefined
  const numbers = windowNumbers(x!.shape, w!.shape, attributes)
  const y = kernels().depthwise(handle(x!), handle(w!), numbers, handle(bias!), followOf(follow))
  return made(y, [x!.shape[0]!, ...numbers.slice(-2), x!.shape[3]!])
}
