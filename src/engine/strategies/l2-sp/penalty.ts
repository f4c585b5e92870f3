import type { Scalar, Tensor } from '@tensorflow/tfjs-core'
import { tf } from '../../backend'
import type { ParameterInfo } from '../../network/types'
import type { StepView } from '../types'

/** What is pulled where: towards `w0` with alpha on the backbone (S), towards 0 with beta on what is new (N). */
export interface Strengths {
  alpha: number
  beta: number
  scope: 'kernels' | 'all'
}

/** Whether the penalty acts on a parameter. */
export function inScope(parameter: ParameterInfo, scope: Strengths['scope']): boolean {
  return !parameter.buffer && (scope === 'all' || parameter.role === 'kernel')
}

/**
 * alpha/2 * sum over S of (w - w0)^2 + beta/2 * sum over N of w^2, summed over parameters whatever the batch size
 * (Li, Grandvalet and Davoine 2018, equation 3). Frozen parameters add nothing.
 */
export function l2spPenalty(
  view: StepView,
  parameters: Iterable<ParameterInfo>,
  strengths: Strengths,
): Scalar {
  return tf.tidy(() => {
    let total: Scalar = tf.scalar(0)
    for (const parameter of parameters) {
      if (!inScope(parameter, strengths.scope) || !view.trained.has(parameter.name)) continue
      const w = view.parameters.get(parameter.name)
      const distance = parameter.pretrained ? tf.sub(w, view.w0.get(parameter.name)) : w
      const strength = parameter.pretrained ? strengths.alpha : strengths.beta
      if (strength > 0) total = tf.add(total, tf.mul(strength / 2, tf.sum(tf.square(distance))))
    }
    return total
  })
}

/** The gradient of `l2spPenalty` by one parameter: alpha * (w - w0) on S, beta * w on N; undefined where it does not act. */
export function l2spPull(
  parameter: ParameterInfo,
  before: Tensor,
  w0: Tensor | undefined,
  { alpha, beta, scope }: Strengths,
): Tensor | undefined {
  if (!inScope(parameter, scope)) return undefined
  if (parameter.pretrained && w0)
    return alpha > 0 ? tf.tidy(() => tf.mul(alpha, tf.sub(before, w0))) : undefined
  return beta > 0 ? tf.mul(beta, before) : undefined
}
