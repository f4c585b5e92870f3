import type { Tensor } from '@tensorflow/tfjs-core'
import type { ParameterBank } from '../network/types'

/** Rate and decay of one parameter at one step. */
export interface ParameterRate {
  rate: number
  weightDecay: number
}

/**
 * Holds slots by parameter name, never by position (platform-facts section 3 item 4). Parameters without a
 * gradient in a step are left alone, slots included.
 */
export interface Optimizer {
  readonly name: string
  /** Updates `bank` in place; gradients stay the caller's. Each parameter counts its own steps (Adam's bias correction). */
  apply(
    bank: ParameterBank,
    gradients: ReadonlyMap<string, Tensor>,
    rates: (name: string) => ParameterRate,
  ): void
  /** Slots as `<parameter>/<slot>`; tensors stay the optimizer's. */
  slots(): Map<string, Tensor>
  /** Takes ownership of the tensors. */
  restore(slots: Map<string, Tensor>): void
  /** Drops the slots of these parameters, or of all. */
  reset(names?: readonly string[]): void
  dispose(): void
}

/** Factor on the base rate for step `step` (0-based) of `total`. Pure. */
export type Schedule = (step: number, total: number) => number
