import type { Scalar, Tensor } from '@tensorflow/tfjs-core'
import { UserError } from '../../../spec/types'
import { ops, tf, untaped } from '../../backend'
import { inferShapes } from '../../network'
import type { NetworkGraph } from '../../network/types'
import type { Options } from './meta'

/**
 * Layer of the teacher's scores before softmax.
 * @throws UserError where the teacher has no classifier of so many classes
 */
export function scoresLayer(teacher: NetworkGraph, classes: number): string {
  const nodes = new Map(teacher.nodes.map((node) => [node.name, node]))
  let node = nodes.get(teacher.output)!
  while (node.op.kind === 'activation') node = nodes.get(node.inputs[0]!)!
  const shape = inferShapes(teacher).get(node.name)!
  if (node.op.kind !== 'dense' || shape[0] !== classes)
    throw new UserError(
      `strategy.softTargets: the teacher needs a classifier of the data's ${classes} classes, and ${node.op.kind === 'dense' ? `that of ${teacher.architecture} tells ${shape[0]} apart` : `${teacher.architecture} comes without one`}; name a network that was trained on these classes (thaw export), or leave softTargets out`,
    )
  return node.name
}

/** H(P_T, P_S) of both softened scores [n, classes], the mean over images, without the factor temperature^2 (strategies.md 4.1). */
export function softTargetLoss(scores: Tensor, teacher: Tensor, temperature: number): Scalar {
  const target = untaped(() => ops.softmax(tf.div(teacher, temperature)))
  const own = ops.logSoftmax(tf.div(scores, temperature))
  return tf.div(ops.sum(ops.multiply(target, own)), -scores.shape[0]!)
}

/** Strength at a step of those that take part, linear from the first to the last. */
export function strengthAt(
  step: number,
  steps: number,
  { lambda, lambdaEnd }: Pick<Options, 'lambda' | 'lambdaEnd'>,
) {
  return lambda + (lambdaEnd - lambda) * (steps > 1 ? step / (steps - 1) : 0)
}
