import type { Tensor } from '@tensorflow/tfjs-core'
import { compared, hasKernels, isNative, isWebgpu, nativeSquaredNorms, squaredNorms, tf } from '../backend'
import { floats } from './floats'

/** Sum of squares of a tensor, in double precision. NaN and Infinity come through. */
export function squaredNorm(tensor: Tensor): number {
  const values = floats(tensor)
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i]! * values[i]!
  return sum
}

/** L2 norm of all gradients together. */
export function globalNorm(gradients: ReadonlyMap<string, Tensor>): number {
  const tensors = [...gradients.values()]
  const squares = isWebgpu()
    ? squaredNorms(tensors)
    : isNative()
      ? onNative(tensors)
      : tensors.map(squaredNorm)
  return Math.sqrt(squares.reduce((sum, square) => sum + square, 0))
}

const onNative = (tensors: readonly Tensor[]): number[] =>
  hasKernels() ? compared(tensors.map((x) => [x])).map(({ squares }) => squares) : inSinglePrecision(tensors)

/** Squares beyond single precision are summed again in double. */
const inSinglePrecision = (tensors: readonly Tensor[]): number[] =>
  nativeSquaredNorms(tensors).map((sum, i) => (Number.isFinite(sum) ? sum : squaredNorm(tensors[i]!)))

/**
 * torch.nn.utils.clip_grad_norm_: when the global norm is above `maxNorm`, each gradient is multiplied by
 * maxNorm / (norm + 1e-6). Scaled gradients replace the old ones in the map, which are disposed of.
 * @returns the norm before clipping; when it is not finite the gradients are left as they are.
 */
export function clipByGlobalNorm(gradients: Map<string, Tensor>, maxNorm: number): number {
  const norm = globalNorm(gradients)
  const factor = maxNorm / (norm + 1e-6)
  if (!Number.isFinite(norm) || factor >= 1) return norm
  for (const [name, gradient] of gradients) {
    gradients.set(name, tf.mul(gradient, factor))
    gradient.dispose()
  }
  return norm
}
