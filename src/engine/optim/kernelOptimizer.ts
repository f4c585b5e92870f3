import type { Tensor } from '@tensorflow/tfjs-core'
import { free, handle, inPlace, type Handle } from '../backend'
import type { ParameterBank } from '../network/types'
import type { KernelRule } from './kernelRules'
import { checkLength, KeyedOptimizer } from './slots'
import type { ParameterRate } from './types'

interface Slot {
  id: Handle
  size: number
}

/**
 * All parameters of a step in one call of our kernels, which update parameters and slots where they lie: each value
 * is read and written once, and no new memory is taken. The bank gets a new tensor over the old one's memory.
 */
export class KernelOptimizer extends KeyedOptimizer<Slot> {
  constructor(private readonly rule: KernelRule) {
    super(rule)
  }

  override apply(
    bank: ParameterBank,
    gradients: ReadonlyMap<string, Tensor>,
    rates: (name: string) => ParameterRate,
  ): void {
    this.releaseLent()
    const steps = [...gradients].map(([name, gradient]) => {
      const { size } = bank.get(name)
      checkLength(gradient.size, size, name, 'gradient')
      const { slots, step } = this.advance(name, size, () => ({ id: inPlace.zeros(size), size }))
      const ids = slots.map(({ id }) => id)
      return { name, gradient: handle(gradient), slots: ids, step, ...rates(name), value: -1 }
    })
    // only now, when nothing can be refused any more: from here on the parameters' tensors are empty
    for (const step of steps) step.value = inPlace.take(bank.get(step.name))
    this.rule.update(steps)
    for (const { name, value } of steps) bank.set(name, inPlace.give(value, bank.get(name).shape))
  }

  protected override read({ id, size }: Slot): Tensor {
    return inPlace.shared(id, [size])
  }

  protected override write(values: Tensor): Slot {
    return { id: inPlace.copyOf(values), size: values.size }
  }

  protected override sizeOf({ size }: Slot): number {
    return size
  }

  protected override free({ id }: Slot): void {
    free(id)
  }
}
