import { tf, type Tensor, type TensorInfo } from '../../tf'
import type { Kernels } from './kernels'

/** What the addon gives (native/addon); the parts of tfjs-node's back end that we read are pinned with its version. */
interface Binding extends Kernels {
  executeOp(name: string, attributes: readonly Attribute[], inputs: number[], outputs: number): Made[]
  createTensor(shape: readonly number[], dtype: number, values: Float32Array | Int32Array): number
  deleteTensor(id: number): void
  deleteTensors(ids: readonly number[]): void
  tensorDataSync(id: number): Float32Array
  isUsingGpuDevice(): boolean
}

interface Backend {
  binding: Binding
  tensorMap: {
    set(dataId: object, data: object): void
    get(dataId: object): { id: number; values: unknown; refCount: number } | undefined
  }
  getInputTensorIds(inputs: readonly TensorInfo[]): number[]
}

export interface Made {
  id: number
  shape: number[]
  dtype: number
}

export interface Attribute {
  name: string
  type: number
  value: boolean | number | string | readonly number[] | readonly string[]
}

/** TF_DataType and TF_AttrType of TensorFlow's C API, which never change. */
export const DataType = {
  float: 1,
  int32: 3,
  uint8: 4,
  bool: 10,
  bfloat16: 14,
  half: 19,
  resource: 20,
} as const
const names: Partial<Record<number, TensorInfo['dtype']>> = { 1: 'float32', 3: 'int32', 10: 'bool' }

export const text = (name: string, value: string | readonly string[]): Attribute => ({ name, type: 0, value })
export const int = (name: string, value: number | readonly number[]): Attribute => ({ name, type: 1, value })
export const float = (name: string, value: number): Attribute => ({ name, type: 2, value })
export const flag = (name: string, value: boolean): Attribute => ({ name, type: 3, value })
export const type = (name: string, value: number | readonly number[] = DataType.float): Attribute => ({
  name,
  type: 4,
  value,
})
export const shape = (name: string, value: readonly number[]): Attribute => ({ name, type: 5, value })

export const native = (): Backend => tf.backend() as unknown as Backend
export const isNative = (): boolean => tf.getBackend() === 'tensorflow'
let gpu: boolean | undefined
/** Asked once: a process holds one TensorFlow. */
export const onGpu = (): boolean => (gpu ??= native().binding.isUsingGpuDevice())

/** A tensor by its number in the addon, outside of tfjs's bookkeeping: freed by `free`, never by a tidy. */
export type Handle = number

/** The number of a tensor of tfjs, which stays its owner. */
export const handle = (tensor: TensorInfo): Handle => native().getInputTensorIds([tensor])[0]!

export const scalarOf = (value: number, as: readonly number[] = []): Handle =>
  native().binding.createTensor(as, DataType.float, Float32Array.of(value))

export const numbers = (values: readonly number[]): Handle =>
  native().binding.createTensor([values.length], DataType.float, Float32Array.from(values))

export const integers = (values: readonly number[]): Handle =>
  native().binding.createTensor([values.length], DataType.int32, Int32Array.from(values))

export function free(...handles: Handle[]): void {
  native().binding.deleteTensors(handles)
}

/** Runs a TensorFlow op by its name. The outputs are the caller's to free or to hand to tfjs (`adopt`). */
export const execute = (
  op: string,
  attributes: readonly Attribute[],
  inputs: readonly Handle[],
  outputs = 1,
): Made[] => native().binding.executeOp(op, attributes, [...inputs], outputs)

/** Hands an op's output to tfjs. Types that tfjs does not know pass as int32: only ops may read them. */
export function adopt({ id, shape: of, dtype }: Made, as: readonly number[] = of): TensorInfo {
  const dataId = {}
  native().tensorMap.set(dataId, { shape: [...as], dtype, id, values: null, refCount: 1 })
  return { dataId, shape: [...as], dtype: names[dtype] ?? 'int32' }
}

/** A tensor of tfjs, for the scope around it to free. */
export const own = (info: TensorInfo | Tensor): Tensor =>
  info instanceof tf.Tensor ? info : tf.engine().makeTensorFromTensorInfo(info)

/** Like `execute` from tensors to tensors; outputs beyond `keep` are freed at once. */
export function call(
  op: string,
  attributes: readonly Attribute[],
  inputs: readonly TensorInfo[],
  { outputs = 1, keep = outputs }: { outputs?: number; keep?: number } = {},
): TensorInfo[] {
  const made = execute(op, attributes, native().getInputTensorIds(inputs), outputs)
  free(...made.slice(keep).map(({ id }) => id))
  return made.slice(0, keep).map((one) => adopt(one))
}

/** Like `call` for an op of one output. */
export const call1 = (
  op: string,
  attributes: readonly Attribute[],
  inputs: readonly TensorInfo[],
): TensorInfo => call(op, attributes, inputs)[0]!
