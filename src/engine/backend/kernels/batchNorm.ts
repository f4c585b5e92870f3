import { differentiable } from '../mode'
import { isWanted } from '../gradients'
import { tf, type Tensor } from '../tf'
import { rsqrt } from './activation'
import { channelDot, channelScale, channelShift, channelSum } from './channel'
import { defineKernel } from './define'
import { fusedEval, fusedTrain } from './fusedNorm'
import * as native from '../native/ops'
import * as wasm from '../wasm/forms'

export type Follow = 'linear' | 'relu' | 'relu6'

/** f(x scale + shift) in one pass; scale and shift [c]. */
export const affine = defineKernel<{ activation: Follow }>({
  name: 'ThawAffine',
  wasm: wasm.affine,
  save: ['x', 'scale', 'shift'],
  generic: ({ x, scale, shift }, { activation }) => {
    const z = tf.add(tf.mul(x!, scale!), shift!)
    return activation === 'relu6' ? tf.relu6(z) : activation === 'relu' ? tf.relu(z) : z
  },
  gradient: (dy, [x, scale, shift], { activation }) => {
    if (differentiable()) return composedAffineGradient(dy, x!, scale!, shift!, activation)
    const vectors = isWanted('scale') || isWanted('shift')
    const [dx, dScale, dShift] = affineGradient(
      { x: x!, scale: scale!, shift: shift!, dy },
      { activation, input: isWanted('x'), vectors },
    )
    return { x: () => dx!, scale: () => dScale!, shift: () => dShift! }
  },
})

export function composedAffineGradient(
  dy: Tensor,
  x: Tensor,
  scale: Tensor,
  shift: Tensor,
  activation: Follow,
) {
  const masked = () => {
    if (activation === 'linear') return dy
    const z = channelShift({ x: channelScale({ x, s: scale }), b: shift })
    const below = activation === 'relu6' ? tf.mul(tf.step(z), tf.step(tf.sub(6, z))) : tf.step(z)
    return tf.mul(dy, below)
  }
  return {
    x: () => channelScale({ x: masked(), s: scale }),
    scale: () => channelDot({ a: masked(), b: x }),
    shift: () => channelSum({ x: masked() }, { xShape: x.shape }),
  }
}

/** All three gradients of `affine` in one pass over x and dy; what is not asked for comes back with shape [0]. */
const affineGradient = defineKernel<{ activation: Follow; input: boolean; vectors: boolean }>({
  name: 'ThawAffineGradient',
  wasm: wasm.affineGradient,
  generic: ({ x, scale, shift, dy }, { activation, input, vectors }) => {
    const z = tf.add(tf.mul(x!, scale!), shift!)
    let masked = dy!
    if (activation !== 'linear') masked = tf.mul(masked, tf.step(z))
    if (activation === 'relu6') masked = tf.mul(masked, tf.step(tf.sub(6, z)))
    const sum = (v: Tensor) => tf.sum(tf.reshape(v, [-1, v.shape[v.rank - 1]!]), 0)
    return [
      input ? tf.mul(masked, scale!) : tf.zeros([0]),
      vectors ? sum(tf.mul(masked, x!)) : tf.zeros([0]),
      vectors ? tf.clone(sum(masked)) : tf.zeros([0]),
    ]
  },
}) as unknown as (inputs: Record<string, Tensor>, attributes: object) => Tensor[]

export interface BatchNormParameters {
  gamma: Tensor
  beta: Tensor
  epsilon: number
}

/** scale = gamma / sqrt(variance + epsilon) and shift = beta - mean scale. */
export const fold = defineKernel<{ epsilon: number }>({
  name: 'ThawFoldBatchNorm',
  wasm: wasm.fold,
  save: ['gamma', 'mean', 'variance'],
  generic: ({ gamma, beta, mean, variance }, { epsilon }) => {
    const scale = tf.mul(gamma!, tf.rsqrt(tf.add(variance!, epsilon)))
    return [scale, tf.sub(beta!, tf.mul(mean!, scale))]
  },
  gradient: (dys, [gamma, mean, variance], { epsilon }) => {
    const [dScale, dShift] = dys as unknown as [Tensor, Tensor]
    if (differentiable()) return composedFoldGradient(dScale, dShift, gamma!, mean!, variance!, epsilon)
    const inputs = { gamma: gamma!, mean: mean!, variance: variance!, dScale, dShift }
    const [dGamma, dMean, dVariance] = foldGradient(inputs, { epsilon })
    return {
      gamma: () => dGamma!,
      beta: () => dShift.clone(),
      mean: () => dMean!,
      variance: () => dVariance!,
    }
  },
}) as unknown as (inputs: Record<string, Tensor>, attributes: { epsilon: number }) => [Tensor, Tensor]

export function composedFoldGradient(
  dScale: Tensor,
  dShift: Tensor,
  gamma: Tensor,
  mean: Tensor,
  variance: Tensor,
  epsilon: number,
) {
  const root = () => rsqrt(tf.add(variance, epsilon))
  const slope = () => tf.sub(dScale, tf.mul(mean, dShift))
  return {
    gamma: () => tf.mul(slope(), root()),
    beta: () => tf.clone(dShift),
    mean: () => tf.neg(tf.mul(tf.mul(gamma, root()), dShift)),
    variance: () => tf.mul(tf.mul(-0.5, tf.mul(slope(), gamma)), tf.pow(root(), 3)),
  }
}

/** Gradients by gamma, mean and variance in one pass; has none of its own. */
const foldGradient = defineKernel<{ epsilon: number }>({
  name: 'ThawFoldBatchNormGradient',
  wasm: wasm.foldGradient,
  generic: ({ gamma, mean, variance, dScale, dShift }, { epsilon }) => {
    const parts = composedFoldGradient(dScale!, dShift!, gamma!, mean!, variance!, epsilon)
    return [parts.gamma(), parts.mean(), parts.variance()]
  },
}) as unknown as (inputs: Record<string, Tensor>, attributes: object) => Tensor[]

/**
 * Batch norm on running statistics: (x - mean) / sqrt(variance + epsilon) gamma + beta, then the activation. All
 * vectors [c]. Gradients reach x, gamma, beta and, should anyone ask, mean and variance.
 */
export function batchNormEval(
  x: Tensor,
  { gamma, beta, epsilon, mean, variance }: BatchNormParameters & { mean: Tensor; variance: Tensor },
  activation: Follow = 'linear',
): Tensor {
  if (native.isNative()) return fusedEval({ x, gamma, beta, mean, variance }, { epsilon, activation })
  const [scale, shift] = fold({ gamma, beta, mean, variance }, { epsilon })
  return affine({ x, scale, shift }, { activation })
}

/** Mean and biased variance over all axes but the last. */
export const moments = defineKernel({
  name: 'ThawMoments',
  wasm: wasm.moments,
  save: ['x'],
  generic: ({ x }) => {
    const flat = tf.reshape(x!, [-1, x!.shape[x!.rank - 1]!])
    const mean = tf.mean(flat, 0)
    return [mean, tf.mean(tf.square(tf.sub(flat, mean)), 0)]
  },
  gradient: (dys, [x]) => ({ x: () => momentsGradient(x!, ...(dys as unknown as [Tensor, Tensor])) }),
}) as unknown as (inputs: { x: Tensor }, attributes: object) => [Tensor, Tensor]

/** dMean / m + 2 (x - mean) dVariance / m, as one scale and one shift of x. */
export function momentsGradient(x: Tensor, dMean: Tensor, dVariance: Tensor): Tensor {
  const count = x.size / x.shape[x.rank - 1]!
  const mean = tf.div(channelSum({ x }, { xShape: x.shape }), count)
  const slope = tf.mul(dVariance, 2 / count)
  const shift = tf.sub(tf.div(dMean, count), tf.mul(mean, slope))
  return affine({ x, scale: slope, shift }, { activation: 'linear' })
}

export interface BatchNormTrainResult {
  output: Tensor
  /** [c], of this batch. */
  mean: Tensor
  /** [c], biased: what the batch was normalised with. */
  variance: Tensor
  /** Values per channel, for Bessel's correction. */
  count: number
}

/**
 * Batch norm on the batch's own statistics, gradients through them included (Ioffe and Szegedy 2015, section 3).
 * Composed of moments and one affine pass: the backward is one pass for the sums and one for x.
 */
export function batchNormTrain(
  x: Tensor,
  { gamma, beta, epsilon }: BatchNormParameters,
  activation: Follow = 'linear',
): BatchNormTrainResult {
  const count = x.size / x.shape[x.rank - 1]!
  if (native.isNative()) {
    const [output, mean, variance] = fusedTrain({ x, gamma, beta }, { epsilon, activation })
    return { output, mean, variance, count }
  }
  const [mean, variance] = moments({ x }, {})
  const output = batchNormEval(x, { gamma, beta, epsilon, mean, variance }, activation)
  return { output, mean, variance, count }
}
