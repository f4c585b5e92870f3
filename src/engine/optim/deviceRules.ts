import type { Tensor } from '@tensorflow/tfjs-core'
import { adaptive, descend, momentumBuffer, movingMean } from '../backend'
import { adam, type AdamOptions } from './adam'
import { sgd, type SgdOptions } from './sgd'
import type { RuleShape } from './slots'

/** One update of one parameter that lies on a GPU; what `RuleStep` is for arrays. */
export interface DeviceStep {
  w: Tensor
  g: Tensor
  slots: readonly Tensor[]
  step: number
  rate: number
  weightDecay: number
}

/** An optimizer's arithmetic in shaders, in single precision. */
export interface DeviceRule extends RuleShape {
  /** New tensors, all the caller's. */
  update(step: DeviceStep): { w: Tensor; slots: Tensor[] }
}

const shapeOf = ({ name, slots, countsSteps }: RuleShape): RuleShape => ({ name, slots, countsSteps })

/** The same as `sgd`. */
export function deviceSgd(options: SgdOptions): DeviceRule {
  const { momentum, nesterov } = options
  return {
    ...shapeOf(sgd(options)),
    update({ w, g, slots: [old], rate, weightDecay: decay }) {
      if (!old) return { w: descend({ w, g }, { rate, decay, ofG: 1, ofB: 0 }), slots: [] }
      const b = momentumBuffer({ w, g, b: old }, { momentum, decay })
      const factors = nesterov ? { ofG: 1, ofB: momentum } : { ofG: 0, ofB: 1 }
      return { w: descend({ w, g, b }, { rate, decay, ...factors }), slots: [b] }
    },
  }
}

/** The same as `adam`, with the betas as a shader gets them; the bias is corrected here, in double precision. */
export function deviceAdam(options: AdamOptions): DeviceRule {
  const { epsilon, decoupled } = options
  const [beta1, beta2] = [Math.fround(options.beta1), Math.fround(options.beta2)]
  return {
    ...shapeOf(adam(options)),
    update({ w, g, slots, step, rate, weightDecay }) {
      const decay = decoupled ? 0 : weightDecay
      const m = movingMean({ w, g, m: slots[0]! }, { beta: beta1, rest: 1 - beta1, decay }, 1)
      const v = movingMean({ w, g, m: slots[1]! }, { beta: beta2, rest: 1 - beta2, decay }, 2)
      const rootCorrection = Math.sqrt(1 - beta2 ** step)
      const pace = (rate / (1 - beta1 ** step)) * rootCorrection
      const pull = decoupled ? rate * weightDecay : 0
      return { w: adaptive({ w, m, v }, { pull, pace, floor: epsilon * rootCorrection }), slots: [m, v] }
    },
  }
}
