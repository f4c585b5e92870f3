import { differentiable } from '../mode'
import { isGiven, isWanted } from '../gradients'
import { tf, type Tensor } from '../tf'
import { rsqrt } from './activation'
import { channelDot, channelScale, channelShift, channelSum } from './channel'
import { defineKernel, type Inputs } from './define'
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
    const how = { activation, input: isWanted('x'), vectors: isWanted('scale') || isWanted('shift') }
    const [dx, dScale, dShift] = affineGradient({ x: x!, scale: scale!, shift: shift!, dy }, how)
    return { x: () => dx!, scale: () => dScale!, shift: () => dShift! }
  },
})

interface AffineGradient {
  activation: Follow
  input: boolean
  vectors: boolean
}

/** v where the activation of z passes it on, else 0. */
function passed(v: Tensor, z: () => Tensor, activation: Follow): Tensor {
  if (activation === 'linear') return v
  const at = z()
  return tf.mul(v, activation === 'relu6' ? tf.mul(tf.step(at), tf.step(tf.sub(6, at))) : tf.step(at))
}

/** All three gradients of `affine` in one pass over x and dy; what is not asked for comes back with shape [0]. */
export const affineGradient = defineKernel<AffineGradient>({
  name: 'ThawAffineGradient',
  wasm: wasm.affineGradient,
  save: ['x', 'scale', 'shift', 'dy'],
  generic: ({ x, scale, shift, dy }, { activation, input, vectors }) => {
    const masked = passed(dy!, () => tf.add(tf.mul(x!, scale!), shift!), activation)
    const sum = (v: Tensor) => tf.sum(tf.reshape(v, [-1, v.shape[v.rank - 1]!]), 0)
    return [
      input ? tf.mul(masked, scale!) : tf.zeros([0]),
      vectors ? sum(tf.mul(masked, x!)) : tf.zeros([0]),
      vectors ? tf.clone(sum(masked)) : tf.zeros([0]),
    ]
  },
  gradient: (dys, saved, { activation, input, vectors }) => {
    const [gx, gs, gt] = dys as unknown as [Tensor, Tensor, Tensor]
    const [x, scale, shift, dy] = saved as [Tensor, Tensor, Tensor, Tensor]
    const inputs = { x, scale, shift, dy, gx, gs, gt }
    const how = {
      activation,
      map: input && isGiven(0),
      vectors: vectors && (isGiven(1) || isGiven(2)),
      dy: isWanted('dy'),
      x: isWanted('x'),
      scale: isWanted('scale'),
    }
    const [byDy, byX, byScale] = differentiable()
      ? composedAffineSecond(inputs, how)
      : affineSecond(inputs, how)
    return {
      dy: () => byDy!,
      x: () => (how.vectors ? byX! : tf.zerosLike(x)),
      scale: () => (how.map ? byScale! : tf.zerosLike(scale)),
      // it decides where the activation passes, and nothing else
      shift: () => tf.zerosLike(shift),
    }
  },
}) as unknown as (inputs: Record<string, Tensor>, attributes: AffineGradient) => Tensor[]

/**
 * Backward pass of `affineGradient`, from gx, gs and gt that came back to its three outputs: by dy
 * pass(gx scale + gs x + gt), by x pass(dy) gs, by scale the sum of pass(dy) gx; made of ops that have derivatives.
 */
function composedAffineSecond(inputs: Inputs, how: wasm.AffineSecond): Tensor[] {
  const { x, scale, shift, dy, gx, gs, gt } = inputs
  const mask = (v: Tensor) =>
    passed(v, () => channelShift({ x: channelScale({ x: x!, s: scale! }), b: shift! }), how.activation)
  const byMap = () => channelScale({ x: gx!, s: scale! })
  const byVectors = () => channelShift({ x: channelScale({ x: x!, s: gs! }), b: gt! })
  const back = () => (how.map && how.vectors ? tf.add(byMap(), byVectors()) : how.map ? byMap() : byVectors())
  const masked = (how.x && how.vectors) || (how.scale && how.map) ? mask(dy!) : undefined
  return [
    how.dy ? mask(back()) : tf.zeros([0]),
    how.x && how.vectors ? channelScale({ x: masked!, s: gs! }) : tf.zeros([0]),
    how.scale && how.map ? channelDot({ a: masked!, b: gx! }) : tf.zeros([0]),
  ]
}

/** The same in one pass; has no gradient of its own. */
const affineSecond = defineKernel<wasm.AffineSecond>({
  name: 'ThawAffineSecond',
  wasm: wasm.affineSecond,
  generic: composedAffineSecond,
}) as unknown as (inputs: Inputs, attributes: wasm.AffineSecond) => Tensor[]

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

/** Gradients of `fold` by gamma, mean and variance in one pass over vectors. */
export const foldGradient = defineKernel<{ epsilon: number }>({
  name: 'ThawFoldBatchNormGradient',
  wasm: wasm.foldGradient,
  save: ['gamma', 'mean', 'variance', 'dScale', 'dShift'],
  generic: ({ gamma, mean, variance, dScale, dShift }, { epsilon }) => {
    const root = tf.rsqrt(tf.add(variance!, epsilon))
    const slope = tf.sub(dScale!, tf.mul(mean!, dShift!))
    return [
      tf.mul(slope, root),
      tf.neg(tf.mul(tf.mul(gamma!, root), dShift!)),
      tf.mul(tf.mul(-0.5, tf.mul(slope, gamma!)), tf.pow(root, 3)),
    ]
  },
  gradient: (dys, saved, attributes) => {
    const [a, b, d] = dys as unknown as [Tensor, Tensor, Tensor]
    const [gamma, mean, variance, dScale, dShift] = saved as [Tensor, Tensor, Tensor, Tensor, Tensor]
    const inputs = { gamma, mean, variance, dScale, dShift, a, b, d }
    const parts = differentiable() ? composedFoldSecond(inputs, attributes) : foldSecond(inputs, attributes)
    const names = ['gamma', 'mean', 'variance', 'dScale', 'dShift']
    return Object.fromEntries(names.map((name, i) => [name, () => parts[i]!]))
  },
}) as unknown as (inputs: Record<string, Tensor>, attributes: { epsilon: number }) => Tensor[]

/** Backward pass of `foldGradient`, from a, b, d that came back to its outputs: by its five inputs, [c] each. */
function composedFoldSecond(
  { gamma, mean, variance, dScale, dShift, a, b, d }: Inputs,
  { epsilon }: { epsilon: number },
): Tensor[] {
  const r = rsqrt(tf.add(variance!, epsilon))
  const cube = tf.mul(r, tf.square(r))
  const slope = tf.sub(dScale!, tf.mul(mean!, dShift!))
  const bySlope = tf.sub(tf.mul(a!, r), tf.mul(0.5, tf.mul(d!, tf.mul(gamma!, cube))))
  const drop = tf.mul(b!, tf.mul(gamma!, dShift!))
  return [
    tf.neg(tf.add(tf.mul(tf.mul(b!, r), dShift!), tf.mul(0.5, tf.mul(d!, tf.mul(slope, cube))))),
    tf.neg(tf.mul(dShift!, bySlope)),
    tf.add(
      tf.mul(tf.mul(-0.5, cube), tf.sub(tf.mul(a!, slope), drop)),
      tf.mul(tf.mul(0.75, tf.mul(d!, slope)), tf.mul(gamma!, tf.mul(cube, tf.square(r)))),
    ),
    bySlope,
    tf.neg(tf.add(tf.mul(mean!, bySlope), tf.mul(tf.mul(b!, gamma!), r))),
  ]
}

/** The same in one pass; has no gradient of its own. */
const foldSecond = defineKernel<{ epsilon: number }>({
  name: 'ThawFoldBatchNormSecond',
  wasm: wasm.foldSecond,
  generic: composedFoldSecond,
}) as unknown as (inputs: Inputs, attributes: { epsilon: number }) => Tensor[]

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
