import type { Origin } from './origin'

/** Training came to numbers that are none. The weights are still those before the step that failed. */
export class NotFiniteError extends Error {
  override readonly name = 'NotFiniteError'
  constructor(
    /** Updates done when it happened. */
    readonly step: number,
    readonly origin: Origin | undefined,
  ) {
    const where = origin
      ? `it began in the ${origin.what} of layer ${origin.layer}`
      : 'it began in the loss itself'
    super(
      `step ${step + 1} gave numbers that are not finite; ${where}. The weights of step ${step} are kept: ` +
        'go on from there with a lower train.optimizer.rate, or set train.optimizer.clipNorm',
    )
  }
}
