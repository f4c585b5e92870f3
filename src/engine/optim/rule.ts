import type { RuleShape } from './slots'

/** What one update of one parameter works on; all arrays have the parameter's length. */
export interface RuleStep {
  value: Float32Array
  gradient: Float32Array
  /** Where the new value goes. */
  next: Float32Array
  /** In the order of `UpdateRule.slots`; updated in place. */
  slots: readonly Float32Array[]
  /** How often this parameter has been updated, this time included, so the first is 1. */
  step: number
  rate: number
  weightDecay: number
}

/** The arithmetic of an optimizer, without its bookkeeping. Computes in double, stores in single precision. */
export interface UpdateRule extends RuleShape {
  update(step: RuleStep): void
}
