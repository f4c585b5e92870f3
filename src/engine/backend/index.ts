import './derivatives'
import './wasm/replace'

export { tf } from './tf'
export type { Tensor } from './tf'
export { fused, ops } from './ops'
export { keptGradients, untaped, valueAndGradients, type KeptGradients } from './gradients'
export { secondOrder } from './mode'
export {
  compared,
  free,
  getPrecision,
  handle,
  hasKernels,
  hasPrecision,
  identity,
  inPlace,
  isNative,
  multiple,
  nativeSquaredNorms,
  plusMultiple,
  release,
  Scalars,
  setPrecision,
  setWays,
  Variable,
  type Compared,
  type Handle,
  type Precision,
} from './native/ops'
export { comparedOnHeap } from './wasm/compare'
export { openBackend, resetBackend, type OpenOptions } from './open'
export { keptActivations, predictBytes, largestBatch, wasmLimitBytes, type MemoryUse } from './memory'
export { beyondLimits, gpuLimits } from './webgpu/limits'
export {
  adaptive,
  descend,
  isWebgpu,
  momentumBuffer,
  movingMean,
  prefetch,
  squaredNorms,
} from './webgpu/update'
export { support, type Support } from './support'
export type * from './types'
