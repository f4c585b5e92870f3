export interface LossScaleState {
  factor: number
  /** Steps since the factor last changed. */
  good: number
}

/** As torch.amp.GradScaler. */
const START = 2 ** 16
const INTERVAL = 2000

/**
 * Factor on the loss before the backward pass, taken out of the gradients after it: float16 has no numbers below
 * 6e-8, where many gradients lie (Micikevicius et al., arXiv 1710.03740, section 3.2). Halved when a gradient
 * overflows, and the batch is done again; doubled after 2000 steps without. 1 in every other precision.
 */
export class LossScale {
  private state: LossScaleState

  constructor(private readonly active: boolean) {
    this.state = { factor: active ? START : 1, good: 0 }
  }

  get factor(): number {
    return this.state.factor
  }

  /** Whether a gradient of this norm asks for another try with the smaller factor that is set now. */
  backsOff(norm: number): boolean {
    if (!this.active || Number.isFinite(norm) || this.state.factor <= 1) return false
    this.state = { factor: this.state.factor / 2, good: 0 }
    return true
  }

  /** A step was taken. */
  stepped(): void {
    if (!this.active) return
    const good = this.state.good + 1
    this.state = good < INTERVAL ? { ...this.state, good } : { factor: this.state.factor * 2, good: 0 }
  }

  toJSON(): LossScaleState {
    return { ...this.state }
  }

  restore(state: LossScaleState): void {
    this.state = { ...state }
  }
}
