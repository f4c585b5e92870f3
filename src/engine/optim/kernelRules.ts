import { inPlace, type Handle } from '../backend'
import { adam, type AdamOptions } from './adam'
import { sgd, type SgdOptions } from './sgd'
import type { RuleShape } from './slots'

/** One update of one parameter; what `RuleStep` is for arrays. Value and slots change where they lie. */
export interface KernelStep {
  value: Handle
  gradient: Handle
  slots: readonly Handle[]
  step: number
  rate: number
  weightDecay: number
}

/** An optimizer's arithmetic as one call for all parameters of a step. */
export interface KernelRule extends RuleShape {
  update(steps: readonly KernelStep[]): void
}

const lists = (steps: readonly KernelStep[]) => ({
  values: steps.map(({ value }) => value),
  gradients: steps.map(({ gradient }) => gradient),
})

/** The same as `sgd`. */
export function kernelSgd(options: SgdOptions): KernelRule {
  const { update: _, ...shape } = sgd(options)
  return {
    ...shape,
    update: (steps) =>
      inPlace.updateSgd({
        ...lists(steps),
        buffers: steps.flatMap(({ slots }) => slots),
        rates: steps.map(({ rate }) => rate),
        weightDecays: steps.map(({ weightDecay }) => weightDecay),
        ...options,
      }),
  }
}

/** The same as `adam`. */
export function kernelAdam(options: AdamOptions): KernelRule {
  const { update: _, ...shape } = adam(options)
  const { beta1, beta2, epsilon, decoupled } = options
  return {
    ...shape,
    update: (steps) => {
      const roots = steps.map(({ step }) => Math.sqrt(1 - beta2 ** step))
      inPlace.updateAdam({
        ...lists(steps),
        firsts: steps.map(({ slots }) => slots[0]!),
        seconds: steps.map(({ slots }) => slots[1]!),
        rates: steps.map(({ rate, step }, i) => (rate / (1 - beta1 ** step)) * roots[i]!),
        weightDecays: steps.map(({ weightDecay }) => (decoupled ? 0 : weightDecay)),
        floors: roots.map((root) => epsilon * root),
        keeps: steps.map(({ rate, weightDecay }) => (decoupled ? 1 - rate * weightDecay : 1)),
        beta1,
        beta2,
      })
    },
  }
}
