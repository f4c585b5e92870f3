import type { RuleStep, UpdateRule } from './rule'

export interface SgdOptions {
  momentum: number
  nesterov: boolean
}

/**
 * torch.optim.SGD with dampening 0: g <- g + decay w; b <- momentum b + g; w <- w - rate (nesterov ? g +
 * momentum b : b). The rate stands outside of the buffer, so a change of rate takes effect at once.
 */
export function sgd({ momentum, nesterov }: SgdOptions): UpdateRule {
  function plain({ value, gradient, next, rate, weightDecay }: RuleStep): void {
    for (let i = 0; i < value.length; i++) {
      next[i] = value[i]! - rate * (gradient[i]! + weightDecay * value[i]!)
    }
  }

  function withMomentum({ value, gradient, next, slots, rate, weightDecay }: RuleStep): void {
    const buffer = slots[0]!
    const ofGradient = nesterov ? 1 : 0
    const ofBuffer = nesterov ? momentum : 1
    for (let i = 0; i < value.length; i++) {
      const g = gradient[i]! + weightDecay * value[i]!
      const b = momentum * buffer[i]! + g
      buffer[i] = b
      next[i] = value[i]! - rate * (ofGradient * g + ofBuffer * b)
    }
  }

  return momentum === 0
    ? { name: 'sgd', slots: [], countsSteps: false, update: plain }
    : { name: 'sgd', slots: ['momentum_buffer'], countsSteps: false, update: withMomentum }
}
