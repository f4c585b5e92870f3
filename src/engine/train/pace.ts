/** JSON; part of every checkpoint. */
export interface PaceState {
  last: number
  recorded: number
  spent: number
  steps: number
  trained: number
}

/**
 * When layers are measured. With `auto` as often as a hundredth of the training time allows, by the recorder's own
 * clock: a measure is due once the budget of the time trained so far covers all measures and two more.
 */
export class Pace {
  private state: PaceState = { last: 0, recorded: 0, spent: 0, steps: 0, trained: 0 }

  constructor(
    private readonly fixed: number | undefined,
    private readonly share = 0.01,
  ) {}

  /** Whether the step that makes `step` updates done is to be measured. */
  due(step: number): boolean {
    const { last, recorded, spent, trained } = this.state
    if (this.fixed !== undefined) return recorded === 0 || step >= last + this.fixed
    // one more is kept back for the last step of the phase, which is always measured
    return recorded === 0 || spent + (2 * spent) / recorded <= this.share * trained
  }

  /** Steps from one measure to the next, as things stand. */
  get every(): number {
    const { recorded, spent, steps, trained } = this.state
    if (this.fixed !== undefined) return this.fixed
    if (recorded === 0 || trained === 0) return 1
    return Math.max(1, Math.ceil(spent / recorded / ((this.share * trained) / steps)))
  }

  measured(step: number, milliseconds: number): void {
    this.state.last = step
    this.state.recorded++
    this.state.spent += milliseconds
  }

  /** Every step: milliseconds of training, recording left out. */
  trainedFor(milliseconds: number): void {
    this.state.steps++
    this.state.trained += milliseconds
  }

  toJSON(): PaceState {
    return { ...this.state }
  }

  restore(state: PaceState): void {
    this.state = { ...state }
  }
}
