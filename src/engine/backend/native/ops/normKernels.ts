// Batch norm by our own kernels: each direction reads its tensors twice and writes once, the activation included.
import { tf, type Tensor } from '../../tf'
import { handle, own, type Handle } from './execute'
import { followOf, kernels, made } from './kernels'
import type { GradientAttributes, NormAttributes } from './norm'

type Inputs = Record<string, Tensor>

/** y, mean and biased variance, and what the gradient wants to see again: both once more and an empty tensor. */
export function kernelTrain({ x, gamma, beta }: Inputs, { epsilon, activation }: NormAttributes): Tensor[] {
  const vectors = [gamma!, beta!].map(handle) as [Handle, Handle]
  const ids = kernels().normTrain(handle(x!), ...vectors, epsilon, followOf(activation))
  const [y, mean, variance] = ids.map((id, i) => own(made(id, i === 0 ? x!.shape : gamma!.shape)))
  return [y!, mean!, variance!, tf.clone(mean!), tf.clone(variance!), tf.tensor1d([])]
}

export function kernelEval(
  { x, gamma, beta, mean, variance }: Inputs,
  { epsilon, activation }: NormAttributes,
): Tensor {
  const vectors = [gamma!, beta!, mean!, variance!].map(handle) as [Handle, Handle, Handle, Handle]
  return own(made(kernels().normEval(handle(x!), ...vectors, epsilon, followOf(activation)), x!.shape))
}

/** Gradients by x, gamma and beta; empty tensors for what is not wanted. `a`, `b`: mean and variance. */
export function kernelGradient(
  { x, gamma, beta, dy, a, b }: Inputs,
  { epsilon, activation, training, input = true }: GradientAttributes,
  vectors = true,
): Tensor[] {
  const [ofX, ...rest] = [x!, dy!, gamma!, beta!, a!, b!].map(handle) as [Handle, ...Five]
  const ids = kernels().normGradient(ofX, ...rest, epsilon, followOf(activation), training, input, vectors)
  return ids.map((id, i) => (id < 0 ? tf.tensor1d([]) : own(made(id, i === 0 ? x!.shape : gamma!.shape))))
}

type Five = [Handle, Handle, Handle, Handle, Handle]
