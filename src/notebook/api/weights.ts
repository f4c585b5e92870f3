import type { TrainingSession } from '../../engine/train'
import { UserError } from '../../spec'
import type * as Cell from '../cellApi'

/** Named values of a session, as copies. @param changed told after each `set` */
export function weightsOf(inner: TrainingSession, changed: () => void): Cell.Weights {
  const known = (name: string) => {
    if (!inner.bank.has(name))
      throw new UserError(`There is no parameter "${name}"; \`session.weights.names()\` lists them.`)
    return inner.bank.get(name)
  }
  return {
    names: () => inner.bank.names(),
    get: (name) => {
      const tensor = known(name)
      return { shape: [...tensor.shape], data: tensor.dataSync<'float32'>().slice() }
    },
    set: (name, data) => {
      const { shape, size } = known(name)
      if (data.length !== size)
        throw new UserError(`"${name}" has ${size} values (${shape.join(' × ')}), not ${data.length}.`)
      inner.setValue(name, { data: Float32Array.from(data), shape })
      changed()
    },
  }
}
