import type { Tensor } from '@tensorflow/tfjs-core'
import { UserError } from '../../spec/types'
import { tf } from '../backend'
import type { ParameterBank } from '../network/types'
import type { Optimizer, ParameterRate } from './types'

/** What a rule keeps of each parameter. */
export interface RuleShape {
  readonly name: string
  readonly slots: readonly string[]
  /** The rule depends on the step count, which then belongs to the state. */
  readonly countsSteps: boolean
}

export interface ParameterState<Slot> {
  slots: Slot[]
  step: number
}

/** Bookkeeping of an optimizer's slots by parameter name, whatever holds their values. */
export abstract class KeyedOptimizer<Slot> implements Optimizer {
  protected readonly states = new Map<string, ParameterState<Slot>>()
  private lent = new Map<string, Tensor>()

  protected constructor(private readonly shape: RuleShape) {}

  get name(): string {
    return this.shape.name
  }

  abstract apply(
    bank: ParameterBank,
    gradients: ReadonlyMap<string, Tensor>,
    rates: (name: string) => ParameterRate,
  ): void

  /** The values of now in a tensor that later updates leave alone. */
  protected abstract read(slot: Slot): Tensor
  /** A slot with these values; the tensor is freed by the caller. */
  protected abstract write(values: Tensor): Slot
  protected abstract sizeOf(slot: Slot): number
  protected abstract free(slot: Slot): void

  slots(): Map<string, Tensor> {
    this.releaseLent()
    for (const [name, { slots, step }] of this.states) {
      this.shape.slots.forEach((slot, i) => this.lend(`${name}/${slot}`, this.read(slots[i]!)))
      if (this.shape.countsSteps) this.lend(`${name}/step`, tf.tensor1d([step]))
    }
    return new Map(this.lent)
  }

  restore(slots: Map<string, Tensor>): void {
    this.dispose()
    for (const [key, tensor] of slots) {
      const cut = key.lastIndexOf('/')
      this.place(key.slice(0, cut), key.slice(cut + 1), tensor)
      tensor.dispose()
    }
    for (const [name, state] of this.states) this.checkComplete(name, state)
  }

  reset(names: readonly string[] = [...this.states.keys()]): void {
    this.releaseLent()
    for (const name of names) {
      for (const slot of this.states.get(name)?.slots ?? []) if (slot !== undefined) this.free(slot)
      this.states.delete(name)
    }
  }

  dispose(): void {
    this.reset()
  }

  /** State of a parameter, one step further; `zeros` makes a slot that is not there yet. */
  protected advance(name: string, size: number, zeros: () => Slot): ParameterState<Slot> {
    const state = this.stateOf(name)
    state.step++
    this.shape.slots.forEach((slot, i) => {
      const known = state.slots[i]
      if (known !== undefined) checkLength(this.sizeOf(known), size, name, slot)
      else state.slots[i] = zeros()
    })
    return state
  }

  protected releaseLent(): void {
    for (const tensor of this.lent.values()) tensor.dispose()
    this.lent.clear()
  }

  private stateOf(name: string): ParameterState<Slot> {
    let state = this.states.get(name)
    if (!state) this.states.set(name, (state = { slots: [], step: 0 }))
    return state
  }

  private place(name: string, slot: string, values: Tensor): void {
    const index = this.shape.slots.indexOf(slot)
    if (index >= 0) this.stateOf(name).slots[index] = this.write(values)
    else if (slot === 'step' && this.shape.countsSteps) this.stateOf(name).step = values.dataSync()[0]!
    else
      throw new UserError(
        `The optimizer's state holds "${name}/${slot}", which ${this.name} does not have; ` +
          'go on with the optimizer that wrote the checkpoint, or start a new run from its weights.',
      )
  }

  private checkComplete(name: string, state: ParameterState<Slot>): void {
    const missing = this.shape.slots.filter((_, i) => state.slots[i] === undefined)
    if (this.shape.countsSteps && state.step === 0) missing.push('step')
    if (missing.length)
      throw new UserError(
        `The optimizer's state lacks ${missing.map((slot) => `"${name}/${slot}"`).join(', ')}; ` +
          'the checkpoint is incomplete, resume from an older one.',
      )
  }

  private lend(key: string, values: Tensor): void {
    this.lent.set(key, tf.keep(values))
  }
}

/** @throws UserError when the state or the gradient is of another network */
export function checkLength(length: number, size: number, name: string, what: string): void {
  if (length !== size)
    throw new UserError(
      `The ${what} of "${name}" has ${length} values, the parameter ${size}; ` +
        'a state of another network cannot be used here.',
    )
}
