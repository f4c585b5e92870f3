// Pools on TensorFlow, under the names of ../../kernels/pool.
import type { PoolAttributes } from '../../kernels/pool'
import { tf, type Tensor, type TensorInfo } from '../../tf'
import {
  adopt,
  call,
  call1,
  DataType,
  execute,
  flag,
  free,
  handle,
  int,
  integers,
  own,
  type,
} from './execute'
import { hasOneDnn, preferOneDnn } from './oneDnn'
import { byName, explicitly, inside, surround } from './window'

type Inputs = Record<string, Tensor>

const window = ({ size }: PoolAttributes) => int('ksize', [1, ...size, 1])
/** Pools take no dilations. */
const plain = (attributes: ReturnType<typeof explicitly>) =>
  attributes.filter(({ name }) => name !== 'dilations')

/** oneDNN remembers in a workspace where each largest value was. */
const workspace = flag('workspace_enabled', true)

/** Below every value that can win; the lowest float32, since infinity times zero would be NaN. */
const lowest = -3.4028234663852886e38

/**
 * y and what the gradient wants to see beside it: oneDNN's workspace, or an empty tensor. With oneDNN x is padded
 * beforehand where the padding has no name.
 */
export const maxPool = ({ x }: Inputs, attributes: PoolAttributes): TensorInfo[] => {
  if (!hasOneDnn()) {
    const made = call1('MaxPool', [type('T'), window(attributes), ...plainWindow(x!.shape, attributes)], [x!])
    return [made, tf.tensor1d([])]
  }
  return withNamedPadding(x!, attributes, (padded, named) => {
    const [op, all] = preferOneDnn('MaxPool', [type('T'), window(attributes), ...named, workspace])
    return call(op, all, [padded], { outputs: 2 }).map(own)
  })
}

const plainWindow = (xShape: readonly number[], attributes: PoolAttributes) =>
  plain(explicitly(xShape, attributes.size, attributes))

function withNamedPadding<T extends Tensor | Tensor[]>(
  x: Tensor,
  attributes: PoolAttributes,
  run: (padded: Tensor, named: ReturnType<typeof explicitly>) => T,
): T {
  const named = byName(x.shape, attributes.size, attributes)
  return tf.tidy(() => {
    const padded = named.ahead ? surround(x, named.ahead, lowest) : x
    return run(padded, [...plain(named.attributes), int('explicit_paddings', [])])
  })
}

export const maxPoolInput = ({ x, y, dy, seen }: Inputs, attributes: PoolAttributes): Tensor => {
  if (!hasOneDnn()) {
    const all = [type('T'), window(attributes), ...plainWindow(x!.shape, attributes)]
    return own(call1('MaxPoolGrad', all, [x!, y!, dy!]))
  }
  const { ahead } = byName(x!.shape, attributes.size, attributes)
  return withNamedPadding(x!, attributes, (padded, named) => {
    const [op, all] = preferOneDnn('MaxPoolGrad', [type('T'), window(attributes), ...named, workspace])
    const dx = own(call1(op, all, [padded, y!, dy!, seen!]))
    return ahead ? inside(dx, ahead, x!.shape) : dx
  })
}

/** Undefined for paddings without a name: TensorFlow's mean would count them. */
export const avgPool = ({ x }: Inputs, attributes: PoolAttributes): TensorInfo | undefined => {
  const named = byName(x!.shape, attributes.size, attributes)
  return named.ahead
    ? undefined
    : call1('AvgPool', [type('T'), window(attributes), ...plain(named.attributes)], [x!])
}

export const avgPoolInput = (
  { dy }: Inputs,
  attributes: PoolAttributes & { xShape: readonly number[] },
): TensorInfo | undefined => {
  const named = byName(attributes.xShape, attributes.size, attributes)
  if (named.ahead) return undefined
  const size = integers(attributes.xShape)
  const all = [type('T'), window(attributes), ...plain(named.attributes)]
  const [made] = execute('AvgPoolGrad', all, [size, handle(dy!)])
  free(size)
  return adopt(made!)
}

/** Flat index of the largest value of each window; undefined for paddings without a name, and on a GPU. */
export const maxIndices = ({ x }: Inputs, attributes: PoolAttributes): TensorInfo | undefined => {
  const named = byName(x!.shape, attributes.size, attributes)
  if (named.ahead) return undefined
  const all = [
    type('T'),
    type('Targmax', DataType.int32),
    flag('include_batch_in_index', true),
    window(attributes),
    ...plain(named.attributes).filter(({ name }) => name !== 'data_format'),
  ]
  const [values, indices] = call('MaxPoolWithArgmax', all, [x!], { outputs: 2 })
  own(values!).dispose()
  return indices
}
