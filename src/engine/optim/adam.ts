import type { UpdateRule } from './rule'

export interface AdamOptions {
  beta1: number
  beta2: number
  epsilon: number
  /** Decay applied to the weight itself (AdamW, Loshchilov and Hutter, arXiv 1711.05101), not to the gradient. */
  decoupled: boolean
}

/**
 * torch.optim.Adam and AdamW (Kingma and Ba, arXiv 1412.6980, Algorithm 1, epsilon outside of the corrected
 * root). Bias is corrected by the parameter's own count, so that a layer thawed late starts with full steps.
 */
export function adam({ beta1, beta2, epsilon, decoupled }: AdamOptions): UpdateRule {
  return {
    name: decoupled ? 'adamw' : 'adam',
    slots: ['exp_avg', 'exp_avg_sq'],
    countsSteps: true,
    update({ value, gradient, next, slots, step, rate, weightDecay }) {
      const first = slots[0]!
      const second = slots[1]!
      const rootCorrection = Math.sqrt(1 - beta2 ** step)
      // rate / c1 * m / (sqrt(v) / sqrt(c2) + eps), with sqrt(c2) moved out of the loop
      const size = (rate / (1 - beta1 ** step)) * rootCorrection
      const floor = epsilon * rootCorrection
      const inGradient = decoupled ? 0 : weightDecay
      const keep = decoupled ? 1 - rate * weightDecay : 1
      for (let i = 0; i < value.length; i++) {
        const w = value[i]!
        const g = gradient[i]! + inGradient * w
        const m = beta1 * first[i]! + (1 - beta1) * g
        const v = beta2 * second[i]! + (1 - beta2) * g * g
        first[i] = m
        second[i] = v
        next[i] = keep * w - (size * m) / (Math.sqrt(v) + floor)
      }
    },
  }
}
