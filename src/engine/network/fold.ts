import type { Tensor } from '@tensorflow/tfjs-core'
import { fused, hasKernels, inPlace, isNative, tf } from '../backend'
import type { Follow } from './compute'
import type { LayerNode, Role, RunOptions } from './types'

/**
 * Batch norms on running statistics whose convolution nobody else reads, by name, with that convolution: their scale
 * can go into the kernel and their shift into a bias, which saves a pass over the activations. On TensorFlow alone
 * (the wasm kernels have the pass for the activation's sake anyway), and never while a gradient is recorded.
 */
export function findFoldable(
  plan: readonly LayerNode[],
  uses: ReadonlyMap<string, number>,
  options: RunOptions,
): Map<string, LayerNode> {
  const foldable = new Map<string, LayerNode>()
  if (!isNative() || options.transform) return foldable
  const byName = new Map(plan.map((node) => [node.name, node]))
  for (const node of plan) {
    const mode = options.batchNorm?.(node.name) ?? 'frozen'
    if (node.op.kind !== 'batchNorm' || (mode !== 'frozen' && mode !== 'eval_affine')) continue
    const before = byName.get(node.inputs[0]!)
    const convolves = before?.op.kind === 'conv2d' || before?.op.kind === 'depthwiseConv2d'
    if (before && convolves && uses.get(before.name) === 1) foldable.set(node.name, before)
  }
  return foldable
}

/**
 * Output of a convolution and its batch norm together; undefined where scaling the kernel costs more than the pass.
 * @param x the convolution's input
 */
export function computeFolded(
  convolution: LayerNode,
  norm: LayerNode,
  x: Tensor,
  options: RunOptions,
  follow: Follow = 'linear',
): Tensor | undefined {
  const value = (node: LayerNode, role: Role) => {
    const name = node.parameters[role]
    return name === undefined ? undefined : options.parameters.get(name)
  }
  const kernel = value(convolution, 'kernel')!
  const { op } = convolution
  if (norm.op.kind !== 'batchNorm' || 2 * kernel.size > x.size) return undefined
  if (op.kind !== 'conv2d' && op.kind !== 'depthwiseConv2d') return undefined
  const [bias, gamma, beta] = [value(convolution, 'bias'), value(norm, 'gamma'), value(norm, 'beta')]
  const [mean, variance] = [value(norm, 'mean')!, value(norm, 'variance')!]
  const parts = { kernel, bias, gamma, beta, mean, variance, epsilon: norm.op.epsilon }
  const channels = mean.size
  const [scaled, shift] = hasKernels() ? inPlace.foldNorm({ ...parts, channels }) : foldByOps(parts)
  return fused[op.kind](x, scaled, op, shift, follow)
}

type Parts = Omit<inPlace.Foldable, 'channels'>
function foldByOps({ kernel, bias, gamma, beta, mean, variance, epsilon }: Parts): [Tensor, Tensor] {
  const root = tf.rsqrt(tf.add(variance, epsilon))
  const scale = gamma ? tf.mul(gamma, root) : root
  const moved = tf.mul(bias ? tf.sub(mean, bias) : mean, scale)
  const shift = beta ? tf.sub(beta, moved) : tf.neg(moved)
  // a depthwise kernel's outputs are its last two axes
  const [, , , last] = kernel.shape
  const fits = scale.size === last ? scale : tf.reshape(scale, kernel.shape.slice(2))
  return [tf.mul(kernel, fits), shift]
}
