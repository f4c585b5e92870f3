// The one module that imports tfjs. A used value of each back end is exported, so that no bundler can take the
// imports for free of side effects and drop the registration of their kernels.
// (tfjs-core in itself has no gradients and no chained methods: derivatives/ has ours, and tensors are used through
// functions only.)
import * as tf from '@tensorflow/tfjs-core'
import { version_cpu } from '@tensorflow/tfjs-backend-cpu'
import { BackendWasm, setWasmPaths, version_wasm } from '@tensorflow/tfjs-backend-wasm'

export { tf, setWasmPaths, BackendWasm }
export const versions = { cpu: version_cpu, wasm: version_wasm, core: tf.version_core }
export type { Tensor, Tensor1D, Tensor2D, Tensor4D, TensorInfo, NamedTensorMap } from '@tensorflow/tfjs-core'
