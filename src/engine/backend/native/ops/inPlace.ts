// Tensors that our kernels update where they lie, without TensorFlow's variables.
import type { Tensor } from '../../tf'
import { DataType, handle, native, own, type Handle } from './execute'
import { kernels, made } from './kernels'

/** The number of a tensor's memory, taken from it: the tensor is about to be replaced. A copy where a clone shares it. */
export function take(tensor: Tensor): Handle {
  const id = handle(tensor)
  const data = native().tensorMap.get(tensor.dataId)!
  if (data.refCount > 1) return kernels().share(id)
  data.id = -1
  return id
}

/** The memory of a number as a tensor, which owns it from then on. */
export const give = (id: Handle, shape: readonly number[]): Tensor => own(made(id, shape))

/** The values of now in a tensor of its own; a later update of the first goes to a copy as long as this one lives. */
export const shared = (id: Handle, shape: readonly number[]): Tensor => own(made(kernels().share(id), shape))

/** a x + b y of each; x and y of one shape. */
export function blend(parts: readonly { x: Tensor; y: Tensor; a: number; b: number }[]): Tensor[] {
  const ids = kernels().blend(
    parts.map(({ x }) => handle(x)),
    parts.map(({ y }) => handle(y)),
    parts.map(({ a }) => a),
    parts.map(({ b }) => b),
  )
  return ids.map((id, i) => give(id, parts[i]!.x.shape))
}

export interface Foldable {
  kernel: Tensor
  /** Outputs of the convolution. */
  channels: number
  bias?: Tensor
  gamma?: Tensor
  beta?: Tensor
  mean: Tensor
  variance: Tensor
  epsilon: number
}

/** A batch norm on running statistics put into the kernel and the bias before it. */
export function foldNorm({ kernel, channels, epsilon, ...vectors }: Foldable): [Tensor, Tensor] {
  const of = (tensor?: Tensor) => (tensor ? handle(tensor) : -1)
  const { bias, gamma, beta, mean, variance } = vectors
  const [scaled, shift] = kernels().foldNorm(
    handle(kernel),
    channels,
    of(bias),
    of(gamma),
    of(beta),
    of(mean),
    of(variance),
    epsilon,
  )
  return [give(scaled!, kernel.shape), give(shift!, [channels])]
}

export interface SgdUpdates {
  values: Handle[]
  gradients: Handle[]
  /** Empty without momentum. */
  buffers: Handle[]
  rates: number[]
  weightDecays: number[]
  momentum: number
  nesterov: boolean
}

export const updateSgd = (u: SgdUpdates): void =>
  kernels().sgd(u.values, u.gradients, u.buffers, u.rates, u.weightDecays, u.momentum, u.nesterov)

export interface AdamUpdates {
  values: Handle[]
  gradients: Handle[]
  firsts: Handle[]
  seconds: Handle[]
  /** Rates with the corrections of both biases. */
  rates: number[]
  /** Decays that act through the gradient. */
  weightDecays: number[]
  /** Epsilon with the correction of the second bias. */
  floors: number[]
  /** What is left of each weight by a decay that acts on it alone. */
  keeps: number[]
  beta1: number
  beta2: number
}

export const updateAdam = (u: AdamUpdates): void =>
  kernels().adam(
    u.values,
    u.gradients,
    u.firsts,
    u.seconds,
    u.rates,
    u.weightDecays,
    u.floors,
    u.keeps,
    u.beta1,
    u.beta2,
  )

/** New memory with a tensor's values, or zeros. */
export const copyOf = (values: Tensor): Handle => kernels().share(handle(values))
export const zeros = (size: number): Handle =>
  native().binding.createTensor([size], DataType.float, new Float32Array(size))
