// Batch norm for back ends that have it as one op in each direction. The differentiable form is that of ./batchNorm.
import { isGiven, isWanted } from '../gradients'
import { differentiable } from '../mode'
import * as native from '../native/ops'
import type { NormAttributes } from '../native/ops/norm'
import { tf, type Tensor } from '../tf'
import { affine, affineGradient, fold, foldGradient, moments, momentsGradient } from './batchNorm'
import { defineKernel, type Inputs } from './define'

type Fused<T> = (inputs: Inputs, attributes: NormAttributes) => T

/** Gradients by all five inputs, made of ops that can be differentiated again. */
function composed(
  dy: Tensor,
  [x, gamma, beta, mean, variance]: readonly [Tensor, Tensor, Tensor, Tensor, Tensor],
  { epsilon, activation }: NormAttributes,
) {
  const [scale, shift] = fold({ gamma, beta, mean, variance }, { epsilon })
  const how = { activation, input: isWanted('x'), vectors: true }
  const [dx, dScale, dShift] = affineGradient({ x, scale, shift, dy }, how) as [Tensor, Tensor, Tensor]
  const vectors = { gamma, mean, variance, dScale, dShift }
  const [dGamma, dMean, dVariance] = foldGradient(vectors, { epsilon }) as [Tensor, Tensor, Tensor]
  return {
    x: () => dx,
    gamma: () => dGamma,
    beta: () => tf.clone(dShift),
    mean: () => dMean,
    variance: () => dVariance,
  }
}

/** On running statistics: y. */
export const fusedEval: Fused<Tensor> = defineKernel<NormAttributes>({
  name: 'ThawBatchNormEval',
  save: ['x', 'gamma', 'beta', 'mean', 'variance'],
  saveOutputs: [true],
  native: native.batchNormEval,
  generic: ({ x, gamma, beta, mean, variance }, { epsilon, activation }) => {
    const [scale, shift] = fold({ gamma: gamma!, beta: beta!, mean: mean!, variance: variance! }, { epsilon })
    return affine({ x: x!, scale, shift }, { activation })
  },
  gradient: (dy, saved, attributes): Record<string, () => Tensor> => {
    const [x, gamma, beta, mean, variance, y] = saved as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]
    if (differentiable() || isWanted('mean') || isWanted('variance') || !native.isNative())
      return composed(dy, [x, gamma, beta, mean, variance], attributes)
    if (!isWanted('gamma') && !isWanted('beta'))
      return { x: () => native.frozenNormGradient({ x, y, gamma, beta, dy, mean, variance }, attributes) }
    const inputs = { x, y, gamma, beta, dy, a: mean, b: variance }
    const how = { ...attributes, training: false, input: isWanted('x') }
    const [dx, dGamma, dBeta] = native.batchNormGradient(inputs, how)
    return { x: () => dx!, gamma: () => dGamma!, beta: () => dBeta! }
  },
})

/** On the batch's own statistics: y, mean, biased variance; three more that the gradient wants to see again. */
export const fusedTrain = defineKernel<NormAttributes>({
  name: 'ThawBatchNormTrain',
  save: ['x', 'gamma', 'beta'],
  saveOutputs: [true, false, false, true, true, true],
  native: native.batchNormTrain,
  generic: ({ x, gamma, beta }, { epsilon, activation }) => {
    const [mean, variance] = moments({ x: x! }, {})
    const [scale, shift] = fold({ gamma: gamma!, beta: beta!, mean, variance }, { epsilon })
    const y = affine({ x: x!, scale, shift }, { activation })
    return [y, mean, variance, ...[0, 0, 0].map(() => tf.zeros([0]))]
  },
  gradient: (dys, saved, attributes) => {
    const [dy, dMean, dVariance] = dys as unknown as [Tensor, Tensor, Tensor]
    const [x, gamma, beta, y, a, b, reserve] = saved as [Tensor, Tensor, Tensor, ...Tensor[]]
    if (differentiable() || !native.isNative()) {
      const [mean, variance] = moments({ x }, {})
      const by = composed(dy, [x, gamma, beta, mean, variance], attributes)
      const through = () => momentsGradient(x, tf.add(by.mean(), dMean), tf.add(by.variance(), dVariance))
      return { x: () => tf.add(by.x(), through()), gamma: by.gamma, beta: by.beta }
    }
    const inputs = { x, y: y!, gamma, beta, dy, a: a!, b: b!, reserve: reserve! }
    const how = { ...attributes, training: true, input: isWanted('x') }
    const [dx, dGamma, dBeta] = native.batchNormGradient(inputs, how)
    const returned = isGiven(1) || isGiven(2)
    return {
      x: () => (returned ? tf.add(dx!, momentsGradient(x, dMean, dVariance)) : dx!),
      gamma: () => dGamma!,
      beta: () => dBeta!,
    }
  },
}) as unknown as Fused<[y: Tensor, mean: Tensor, variance: Tensor, ...seen: Tensor[]]>
