import type { Tensor } from '@tensorflow/tfjs-core'
import { UserError } from '../../spec/types'
import { tf } from '../backend'
import type { ParameterBank } from '../network/types'
import { floats } from './floats'
import type { UpdateRule } from './rule'
import type { Optimizer, ParameterRate } from './types'

interface ParameterState {
  slots: Float32Array[]
  step: number
}

/**
 * Keeps the slots of a rule by parameter name, as plain arrays outside of the back end's memory. A whole update
 * is one loop over a parameter's values: on wasm less than half the time of the same update composed of tfjs ops,
 * whose fixed cost is paid a dozen times for each of some 200 parameters.
 */
export class NamedOptimizer implements Optimizer {
  private readonly states = new Map<string, ParameterState>()
  private lent = new Map<string, Tensor>()

  constructor(private readonly rule: UpdateRule) {}

  get name(): string {
    return this.rule.name
  }

  apply(
    bank: ParameterBank,
    gradients: ReadonlyMap<string, Tensor>,
    rates: (name: string) => ParameterRate,
  ): void {
    this.releaseLent()
    for (const [name, gradient] of gradients) {
      const parameter = bank.get(name)
      const { rate, weightDecay } = rates(name)
      const next = new Float32Array(parameter.size)
      this.rule.update({
        value: floats(parameter),
        gradient: sameLength(floats(gradient), next, name, 'gradient'),
        next,
        ...this.advance(name, next),
        rate,
        weightDecay,
      })
      bank.set(name, tf.tensor(next, parameter.shape, 'float32'))
    }
  }

  slots(): Map<string, Tensor> {
    this.releaseLent()
    for (const [name, { slots, step }] of this.states) {
      // a copy: the cpu back end would share the array, which the next update changes
      this.rule.slots.forEach((slot, i) => this.lend(`${name}/${slot}`, slots[i]!.slice()))
      if (this.rule.countsSteps) this.lend(`${name}/step`, Float32Array.of(step))
    }
    return new Map(this.lent)
  }

  restore(slots: Map<string, Tensor>): void {
    this.dispose()
    for (const [key, tensor] of slots) {
      const cut = key.lastIndexOf('/')
      const slot = key.slice(cut + 1)
      const values = tensor.dataSync<'float32'>().slice()
      tensor.dispose()
      this.place(key.slice(0, cut), slot, values)
    }
    for (const [name, state] of this.states) this.checkComplete(name, state)
  }

  reset(names?: readonly string[]): void {
    this.releaseLent()
    if (!names) this.states.clear()
    else for (const name of names) this.states.delete(name)
  }

  dispose(): void {
    this.reset()
  }

  /** State of a parameter, one step further. */
  private advance(name: string, like: Float32Array): ParameterState {
    const state = this.stateOf(name)
    state.step++
    this.rule.slots.forEach((slot, i) => {
      state.slots[i] = state.slots[i]
        ? sameLength(state.slots[i], like, name, slot)
        : new Float32Array(like.length)
    })
    return state
  }

  private stateOf(name: string): ParameterState {
    let state = this.states.get(name)
    if (!state) this.states.set(name, (state = { slots: [], step: 0 }))
    return state
  }

  private place(name: string, slot: string, values: Float32Array): void {
    const index = this.rule.slots.indexOf(slot)
    if (index >= 0) this.stateOf(name).slots[index] = values
    else if (slot === 'step' && this.rule.countsSteps) this.stateOf(name).step = values[0]!
    else
      throw new UserError(
        `The optimizer's state holds "${name}/${slot}", which ${this.name} does not have; ` +
          'go on with the optimizer that wrote the checkpoint, or start a new run from its weights.',
      )
  }

  private checkComplete(name: string, state: ParameterState): void {
    const missing = this.rule.slots.filter((_, i) => !state.slots[i])
    if (this.rule.countsSteps && state.step === 0) missing.push('step')
    if (missing.length)
      throw new UserError(
        `The optimizer's state lacks ${missing.map((slot) => `"${name}/${slot}"`).join(', ')}; ` +
          'the checkpoint is incomplete, resume from an older one.',
      )
  }

  private lend(key: string, values: Float32Array): void {
    this.lent.set(key, tf.keep(tf.tensor(values, [values.length], 'float32')))
  }

  private releaseLent(): void {
    for (const tensor of this.lent.values()) tensor.dispose()
    this.lent.clear()
  }
}

function sameLength(values: Float32Array, like: Float32Array, name: string, what: string): Float32Array {
  if (values.length !== like.length)
    throw new UserError(
      `The ${what} of "${name}" has ${values.length} values, the parameter ${like.length}; ` +
        'a state of another network cannot be used here.',
    )
  return values
}
