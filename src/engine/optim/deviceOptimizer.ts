import type { Tensor } from '@tensorflow/tfjs-core'
import { tf } from '../backend'
import type { ParameterBank } from '../network/types'
import type { DeviceRule } from './deviceRules'
import { checkLength, KeyedOptimizer } from './slots'
import type { ParameterRate } from './types'

/** Keeps parameters and slots on the GPU and updates them there: an update reads nothing back. */
export class DeviceOptimizer extends KeyedOptimizer<Tensor> {
  constructor(private readonly rule: DeviceRule) {
    super(rule)
  }

  override apply(
    bank: ParameterBank,
    gradients: ReadonlyMap<string, Tensor>,
    rates: (name: string) => ParameterRate,
  ): void {
    this.releaseLent()
    for (const [name, gradient] of gradients) {
      const w = bank.get(name)
      checkLength(gradient.size, w.size, name, 'gradient')
      const state = this.advance(name, w.size, () => tf.keep(tf.zeros([w.size])))
      const updated = this.rule.update({ w, g: gradient, ...state, ...rates(name) })
      tf.dispose(state.slots)
      state.slots = updated.slots.map((slot) => tf.keep(slot))
      bank.set(name, updated.w)
    }
  }

  protected override read(slot: Tensor): Tensor {
    return tf.reshape(slot, [-1])
  }

  protected override write(values: Tensor): Tensor {
    return tf.keep(tf.clone(values))
  }

  protected override sizeOf(slot: Tensor): number {
    return slot.size
  }

  protected override free(slot: Tensor): void {
    slot.dispose()
  }
}
