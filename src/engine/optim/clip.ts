import type { Tensor } from '@tensorflow/tfjs-core'
import { tf } from '../backend'
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
  let sum = 0
  for (const gradient of gradients.values()) sum += squaredNorm(gradient)
  return Math.sqrt(sum)
}

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
