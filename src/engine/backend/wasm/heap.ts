import { ExitCode, UserError } from '../../../spec/types'
import type { BackendWasm, Tensor, TensorInfo } from '../tf'
import { kernelsBase64 } from './kernels'

type Run = (...args: number[]) => void
type Name =
  | 'affine'
  | 'affine_gradient'
  | 'affine_second'
  | 'channel_sum'
  | 'channel_dot'
  | 'channel_moments'
  | 'activation'
  | 'activation_gradient'
  | 'transposed_product'
  | 'conv_filter'
  | 'turn_filter'
  | 'depthwise'
  | 'depthwise_input'
  | 'depthwise_filter'
  | 'max_indices'
  | 'gather_flat'
  | 'scatter_flat'
  | 'avg_pool'
  | 'global_pool'
  | 'fold'
  | 'fold_gradient'
  | 'fold_second'
  | 'mix'
  | 'mix_part'
  | 'mix_dot'
  | 'compare'
export type Kernels = Record<Name, Run>

interface TfjsModule {
  asm: { memory: { readonly buffer: ArrayBuffer } }
  _malloc(bytes: number): number
  _free(at: number): void
  HEAPU8: Uint8Array
}

const stackBytes = 64 * 1024

/** The part of the platform's API that is used here: neither the DOM's types nor Node's are loaded. */
const webAssembly = (globalThis as unknown as { WebAssembly: WebAssemblyApi }).WebAssembly
interface WebAssemblyApi {
  Module: new (bytes: Uint8Array) => object
  Instance: new (module: object, imports: object) => { exports: Record<string, unknown> }
}

let compiled: object | undefined
const instances = new WeakMap<object, Kernels>()

const tfjsModule = (backend: BackendWasm) => backend.wasm as unknown as TfjsModule

/** Our kernels on the heap of this instance of tfjs's back end; made at the first use. */
export function kernelsOf(backend: BackendWasm): Kernels {
  const tfjs = tfjsModule(backend)
  const known = instances.get(tfjs)
  if (known) return known
  compiled ??= new webAssembly.Module(Uint8Array.from(atob(kernelsBase64), (letter) => letter.charCodeAt(0)))
  const { exports } = new webAssembly.Instance(compiled, { env: { memory: tfjs.asm.memory } })
  // our shadow stack must not lie where lld put it: that memory is tfjs's
  ;(exports['__stack_pointer'] as { value: number }).value = (allocate(tfjs, stackBytes) + stackBytes) & ~15
  const kernels = exports as unknown as Kernels
  instances.set(tfjs, kernels)
  return kernels
}

const outOfMemory = (bytes: number) =>
  new UserError(
    `out of memory: the 4 GB of the wasm back end have no room for ${bytes} bytes more; write a smaller train.batchSize or data.size`,
    ExitCode.machineLacks,
  )

function allocate(tfjs: TfjsModule, bytes: number): number {
  const at = tfjs._malloc(bytes) >>> 0
  if (at === 0) throw outOfMemory(bytes)
  // pointers go through int32 parameters, which wrap the same way on both sides
  return at | 0
}

/** Calls `use` with a block of the heap that lives as long as the call. */
export function withScratch<T>(backend: BackendWasm, bytes: number, use: (at: number) => T): T {
  const tfjs = tfjsModule(backend)
  const at = allocate(tfjs, bytes)
  try {
    return use(at)
  } finally {
    tfjs._free(at)
  }
}

/** Calls `use` with int32 `values` on the heap. */
export function withIntegers<T>(backend: BackendWasm, values: readonly number[], use: (at: number) => T): T {
  return withScratch(backend, values.length * 4, (at) => {
    new Int32Array(tfjsModule(backend).asm.memory.buffer, at >>> 0, values.length).set(values)
    return use(at)
  })
}

/** Calls `use` with a block for `count` doubles on the heap. @returns a copy of what it left there */
export function withDoubles(backend: BackendWasm, count: number, use: (at: number) => void): Float64Array {
  // tfjs's blocks begin at multiples of 8
  return withScratch(backend, count * 8, (at) => {
    use(at)
    return new Float64Array(tfjsModule(backend).asm.memory.buffer, at >>> 0, count).slice()
  })
}

/** Where a tensor's values lie. */
export const at = (backend: BackendWasm, tensor: TensorInfo): number =>
  (backend as unknown as { dataIdMap: { get(id: object): { memoryOffset: number } } }).dataIdMap.get(
    tensor.dataId,
  ).memoryOffset | 0

export function output(
  backend: BackendWasm,
  shape: readonly number[],
  dtype: 'float32' | 'int32' = 'float32',
): TensorInfo {
  const made = backend.makeOutput([...shape], dtype)
  if (at(backend, made) === 0 && made.shape.every((d) => d > 0))
    throw outOfMemory(4 * shape.reduce((a, b) => a * b, 1))
  return made
}

export const lastAxis = (x: TensorInfo): { rows: number; c: number } => {
  const c = x.shape[x.shape.length - 1]!
  return { rows: c ? x.shape.reduce((a, b) => a * b, 1) / c : 0, c }
}

export type { BackendWasm, Tensor, TensorInfo }
