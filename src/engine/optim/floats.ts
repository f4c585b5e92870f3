import type { Tensor, TensorInfo } from '@tensorflow/tfjs-core'
import { tf } from '../backend'

interface WasmHeap {
  typedArrayFromHeap(tensor: TensorInfo): Float32Array
  dataIdMap: { has(id: object): boolean }
}

function isWasm(backend: unknown): backend is WasmHeap {
  return typeof (backend as Partial<WasmHeap>).typedArrayFromHeap === 'function'
}

/**
 * Values of a float32 tensor for reading at once. On wasm a view of the heap without a copy: it dies with the
 * next allocation (the heap may grow), so take all views first, allocate afterwards, and never write through it
 * (other tensors may share the memory).
 */
export function floats(tensor: Tensor): Float32Array {
  const backend: unknown = tf.backend()
  if (isWasm(backend) && backend.dataIdMap.has(tensor.dataId)) return backend.typedArrayFromHeap(tensor)
  return tensor.dataSync<'float32'>()
}
