// TensorFlow's variables: buffers that its training ops update where they lie.
import type { Tensor } from '../../tf'
import {
  adopt,
  execute,
  flag,
  free,
  handle,
  native,
  own,
  scalarOf,
  shape,
  text,
  type,
  type Handle,
} from './execute'

/** Freed with its handle: TensorFlow's name for resources that no other name reaches. */
const anonymous = 'cd2c89b7-88b7-44c8-ad83-06c2a9158347'

/** A float32 buffer of TensorFlow's that only this object holds. */
export class Variable {
  private readonly resource: Handle
  readonly size: number
  readonly rank: number

  /** Starts as a copy of `value`, whose memory may belong to an array of JavaScript's. */
  constructor(value: Tensor) {
    this.size = value.size
    this.rank = value.rank
    const attributes = [text('container', ''), text('shared_name', anonymous), type('dtype')]
    this.resource = execute('VarHandleOp', [...attributes, shape('shape', value.shape)], [])[0]!.id
    this.assign(value)
  }

  assign(value: Tensor): void {
    const copy = execute('DeepCopy', [type('T')], [handle(value)])[0]!
    execute('AssignVariableOp', [type('dtype')], [this.resource, copy.id], 0)
    free(copy.id)
  }

  /** The values of now: later updates go to another buffer as long as this tensor lives. */
  read(): Tensor {
    return own(adopt(execute('ReadVariableOp', [type('dtype')], [this.resource])[0]!))
  }

  /** v <- v - rate delta. */
  descend(rate: Handle, delta: Handle): void {
    execute('ResourceApplyGradientDescent', fused, [this.resource, rate, delta], 0)
  }

  /** b <- momentum b + g; v <- v - rate (nesterov ? g + momentum b : b). */
  momentum(buffer: Variable, gradient: Handle, rate: Handle, momentum: Handle, nesterov: boolean): void {
    const inputs = [this.resource, buffer.resource, rate, gradient, momentum]
    execute('ResourceApplyMomentum', [...fused, flag('use_nesterov', nesterov)], inputs, 0)
  }

  /** m, u <- moving means of g and g^2; v <- v - rate m / (sqrt(u) + epsilon), without correction of the bias. */
  adam(
    [m, u]: readonly [Variable, Variable],
    gradient: Handle,
    { rate, beta1, beta2, epsilon, zero }: Record<'rate' | 'beta1' | 'beta2' | 'epsilon' | 'zero', Handle>,
  ): void {
    const inputs = [this.resource, m.resource, u.resource, zero, zero, rate, beta1, beta2, epsilon, gradient]
    execute('ResourceApplyAdam', [...fused, flag('use_nesterov', false)], inputs, 0)
  }

  dispose(): void {
    free(this.resource)
  }
}

const fused = [type('T'), flag('use_locking', false)]

/** Scalars of one update, made once by value and freed together. */
export class Scalars {
  private readonly made = new Map<number, Handle>()

  of(value: number): Handle {
    let known = this.made.get(value)
    if (known === undefined) this.made.set(value, (known = scalarOf(value)))
    return known
  }

  dispose(): void {
    free(...this.made.values())
    this.made.clear()
  }
}

/** Number of a tensor's memory in the addon; another one: somebody replaced the values. */
export const identity = (tensor: Tensor): number => native().tensorMap.get(tensor.dataId)?.id ?? -1

/** Frees TensorFlow's side of a tensor that is about to be replaced, unless a clone shares it. */
export function release(tensor: Tensor): void {
  const data = native().tensorMap.get(tensor.dataId)
  if (!data || data.refCount !== 1) return
  if (data.id >= 0) free(data.id)
  data.id = -1
}

/** x factor, the caller's to free. */
export const multiple = (x: Handle, factor: Handle): Handle => execute('Mul', [type('T')], [x, factor])[0]!.id

/** g + factor x, the caller's to free. */
export function plusMultiple(g: Handle, x: Handle, factor: Handle): Handle {
  const scaled = multiple(x, factor)
  const sum = execute('AddV2', [type('T')], [g, scaled])[0]!.id
  free(scaled)
  return sum
}
