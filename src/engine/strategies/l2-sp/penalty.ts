import type { Scalar, Tensor } from '@tensorflow/tfjs-core'
import { tf } from '../../backend'
import type { ParameterInfo } from '../../network/types'
import type { Constants, StepView } from '../types'
import { omega, shrink, slope, type Part } from './forms'
import { inScope, usesFisher, type Strengths } from './strengths'

/** Name of a parameter's Fisher diagonal among constants and in `train.inputs`. */
export const fisherName = (parameter: string): string => `fisher.${parameter}`

type Axes = ReadonlyMap<string, readonly number[]>

function partOf(
  { name }: ParameterInfo,
  w: Tensor,
  w0: Tensor,
  { variant }: Strengths,
  axes: Axes,
  constants: Constants,
): Part {
  const fisher = usesFisher(variant) ? constants.get(fisherName(name)) : undefined
  return { d: variant === 'l2' ? w : tf.sub(w, w0), axes: axes.get(name)!, ...(fisher && { fisher }) }
}

/**
 * alpha Omega(w_S) + beta / 2 ||w_N||^2, summed over parameters whatever the batch size (Li, Grandvalet and Davoine
 * 2018, section 3). Frozen parameters add nothing.
 */
export function penalty(
  view: StepView,
  parameters: Iterable<ParameterInfo>,
  strengths: Strengths,
  axes: Axes,
): Scalar {
  return tf.tidy(() => {
    let total: Scalar = tf.scalar(0)
    for (const parameter of parameters) {
      const strength = parameter.pretrained ? strengths.alpha : strengths.beta
      if (strength === 0 || !inScope(parameter, strengths.scope) || !view.trained.has(parameter.name))
        continue
      const w = view.parameters.get(parameter.name)
      const value = parameter.pretrained
        ? omega(strengths, partOf(parameter, w, view.w0.get(parameter.name), strengths, axes, view.constants))
        : tf.mul(0.5, tf.sum(tf.square(w)))
      total = tf.add(total, tf.mul(strength, value))
    }
    return total
  })
}

/** The gradient of `penalty` by one parameter; undefined where it does not act. */
export function pullOf(
  parameter: ParameterInfo,
  before: Tensor,
  w0: Tensor | undefined,
  constants: Constants,
  strengths: Strengths,
  axes: Axes,
): Tensor | undefined {
  const strength = parameter.pretrained ? strengths.alpha : strengths.beta
  if (strength === 0 || !inScope(parameter, strengths.scope)) return undefined
  if (!parameter.pretrained || !w0) return tf.mul(strength, before)
  return tf.tidy(() =>
    tf.mul(strength, slope(strengths, partOf(parameter, before, w0, strengths, axes, constants))),
  )
}

/** A backbone parameter after the proximal step; undefined where it does not act. */
export function projectionOf(
  variant: 'l1-sp' | 'group-lasso-sp',
  parameter: ParameterInfo,
  value: Tensor,
  w0: Tensor | undefined,
  rate: number,
  { alpha, scope }: Strengths,
  axes: Axes,
): Tensor | undefined {
  if (alpha === 0 || !w0 || !inScope(parameter, scope)) return undefined
  return tf.tidy(() =>
    tf.add(w0, shrink(variant, { d: tf.sub(value, w0), axes: axes.get(parameter.name)! }, rate * alpha)),
  )
}
