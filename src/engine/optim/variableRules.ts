import { free, multiple, plusMultiple, type Handle, type Scalars, type Variable } from '../backend'
import { adam, type AdamOptions } from './adam'
import { sgd, type SgdOptions } from './sgd'
import type { RuleShape } from './slots'

/** One update of one parameter that lies in a variable; what `RuleStep` is for arrays. */
export interface VariableStep {
  value: Variable
  gradient: Handle
  /** The value before the update. As long as it lives, an update of the variable goes to a copy. */
  weight: Handle
  letGoOfWeight(): void
  slots: readonly Variable[]
  step: number
  rate: number
  weightDecay: number
  scalars: Scalars
}

/** An optimizer's arithmetic as TensorFlow's own update ops, which read and write each value once. */
export interface VariableRule extends RuleShape {
  update(step: VariableStep): void
}

const shapeOf = ({ name, slots, countsSteps }: RuleShape): RuleShape => ({ name, slots, countsSteps })

/** The same as `sgd`, in single precision. */
export function variableSgd(options: SgdOptions): VariableRule {
  const { momentum, nesterov } = options
  return {
    ...shapeOf(sgd(options)),
    update({ value, gradient, weight, letGoOfWeight, slots, rate, weightDecay, scalars }) {
      const [buffer] = slots
      // b <- momentum (b + decay w / momentum) + g needs no tensor of its own; the others read g + decay w
      const inBuffer = momentum !== 0 && !nesterov
      const own = weightDecay !== 0 && !inBuffer
      const g = own ? plusMultiple(gradient, weight, scalars.of(weightDecay)) : gradient
      if (weightDecay !== 0 && inBuffer) buffer!.descend(scalars.of(-weightDecay / momentum), weight)
      letGoOfWeight()
      if (buffer) value.momentum(buffer, g, scalars.of(rate), scalars.of(momentum), nesterov)
      else value.descend(scalars.of(rate), g)
      if (own) free(g)
    },
  }
}

/**
 * The same as `adam`, in single precision. TensorFlow's op takes 1 - beta of a float32 beta, so bias is corrected by
 * that float32's own powers; the correction itself is done here in double precision, with beta's powers given as 0.
 */
export function variableAdam(options: AdamOptions): VariableRule {
  const { epsilon, decoupled } = options
  const [beta1, beta2] = [Math.fround(options.beta1), Math.fround(options.beta2)]
  return {
    ...shapeOf(adam(options)),
    update({ value, gradient, weight, letGoOfWeight, slots, step, rate, weightDecay, scalars }) {
      const inGradient = weightDecay !== 0 && !decoupled
      const inWeight = weightDecay !== 0 && decoupled
      const g = inGradient ? plusMultiple(gradient, weight, scalars.of(weightDecay)) : gradient
      const pull = inWeight ? multiple(weight, scalars.of(rate * weightDecay)) : undefined
      letGoOfWeight()
      if (pull !== undefined) value.descend(scalars.of(1), pull)
      const rootCorrection = Math.sqrt(1 - beta2 ** step)
      value.adam([slots[0]!, slots[1]!], g, {
        rate: scalars.of((rate / (1 - beta1 ** step)) * rootCorrection),
        beta1: scalars.of(beta1),
        beta2: scalars.of(beta2),
        epsilon: scalars.of(epsilon * rootCorrection),
        zero: scalars.of(0),
      })
      if (inGradient) free(g)
      if (pull !== undefined) free(pull)
    },
  }
}
