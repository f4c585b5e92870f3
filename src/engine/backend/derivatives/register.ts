import { tf, type Tensor } from '../tf'

type Thunks = Record<string, () => Tensor>

/**
 * Teaches tfjs the gradient of one of its own kernels. tfjs-core alone has none, and those of the full package are
 * silently wrong at second order where they read saved outputs (platform-facts section 3 item 8). Ours read inputs
 * only and are made of ops that have gradients here, so any order is right or refused.
 */
export function derivative<A = object>(
  kernelName: string,
  inputsToSave: string[] | 'all',
  gradient: (dy: Tensor, saved: Tensor[], attributes: A) => Thunks,
): void {
  if (tf.getGradient(kernelName)) tf.unregisterGradient(kernelName)
  tf.registerGradient({
    kernelName,
    ...(inputsToSave === 'all' ? { saveAllInputs: true } : { inputsToSave }),
    gradFunc: (dy, saved, attributes) => gradient(dy as Tensor, saved, attributes as A),
  })
}

/** Sums a broadcast gradient back to the shape it was broadcast from. */
export function unbroadcast(g: Tensor, shape: readonly number[]): Tensor {
  if (g.rank === shape.length && g.shape.every((d, i) => d === shape[i])) return g.clone()
  const lead = g.rank - shape.length
  const axes = g.shape.flatMap((d, i) => (i < lead || (shape[i - lead] === 1 && d !== 1) ? [i] : []))
  return tf.reshape(axes.length ? tf.sum(g, axes) : g, [...shape])
}

export const byName = (tensors: Tensor[]): Thunks =>
  Object.fromEntries(tensors.map((t, i) => [String(i), () => t]))
