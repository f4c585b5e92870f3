import type { Tensor } from '@tensorflow/tfjs-core'
import { handle, identity, release, Scalars, tf, Variable } from '../backend'
import type { ParameterBank } from '../network/types'
import { checkLength, KeyedOptimizer } from './slots'
import type { ParameterRate } from './types'
import type { VariableRule } from './variableRules'

/** A parameter's variable, and the memory of the tensor last read from it: the bank's holds another one when set from outside. */
interface Held {
  value: Variable
  seen: number
}

/**
 * Keeps parameters and slots in TensorFlow's variables and updates them where they lie: no value crosses between
 * JavaScript and TensorFlow, and no new memory is taken. The bank gets a tensor that shares the variable's memory; it
 * is let go of for the moment of the update, which would otherwise go to a copy.
 */
export class VariableOptimizer extends KeyedOptimizer<Variable> {
  private readonly held = new Map<string, Held>()

  constructor(private readonly rule: VariableRule) {
    super(rule)
  }

  override apply(
    bank: ParameterBank,
    gradients: ReadonlyMap<string, Tensor>,
    rates: (name: string) => ParameterRate,
  ): void {
    this.releaseLent()
    const scalars = new Scalars()
    for (const [name, gradient] of gradients) {
      const parameter = bank.get(name)
      checkLength(gradient.size, parameter.size, name, 'gradient')
      const held = this.hold(name, parameter)
      const state = this.advance(name, parameter.size, () => zerosLike(parameter))
      state.slots.forEach((slot, i) => (state.slots[i] = shapedLike(slot, parameter)))
      this.rule.update({
        value: held.value,
        gradient: handle(gradient),
        weight: handle(parameter),
        letGoOfWeight: () => release(parameter),
        ...state,
        ...rates(name),
        scalars,
      })
      const next = held.value.read()
      held.seen = identity(next)
      bank.set(name, next)
    }
    scalars.dispose()
  }

  override reset(names?: readonly string[]): void {
    super.reset(names)
    for (const name of names ?? [...this.held.keys()]) {
      this.held.get(name)?.value.dispose()
      this.held.delete(name)
    }
  }

  private hold(name: string, parameter: Tensor): Held {
    let held = this.held.get(name)
    if (held?.value.size !== parameter.size) {
      held?.value.dispose()
      this.held.set(name, (held = { value: new Variable(parameter), seen: -1 }))
    } else if (held.seen !== identity(parameter)) held.value.assign(parameter)
    return held
  }

  protected override read(slot: Variable): Tensor {
    const values = slot.read()
    const flat = tf.reshape(values, [-1])
    values.dispose()
    return flat
  }

  protected override write(values: Tensor): Variable {
    return new Variable(values)
  }

  protected override sizeOf(slot: Variable): number {
    return slot.size
  }

  protected override free(slot: Variable): void {
    slot.dispose()
  }
}

/** TensorFlow wants slots in the parameter's shape; those of a checkpoint are flat. */
function shapedLike(slot: Variable, parameter: Tensor): Variable {
  if (slot.rank === parameter.rank) return slot
  const flat = slot.read()
  const values = tf.reshape(flat, parameter.shape)
  const shaped = new Variable(values)
  tf.dispose([flat, values])
  slot.dispose()
  return shaped
}

function zerosLike(parameter: Tensor): Variable {
  const zeros = tf.zeros(parameter.shape)
  const variable = new Variable(zeros)
  zeros.dispose()
  return variable
}
