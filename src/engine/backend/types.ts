import type { Tensor } from '@tensorflow/tfjs-core'

export type BackendName = 'native' | 'webgpu' | 'wasm' | 'cpu'

export interface OpenBackend {
  name: BackendName
  version: string
  threads: number
  /** For example `wasm SIMD, 1 thread`. */
  device: string
  /** Why this one; in words. */
  reason?: string
  /** The run's seed, as handed in. */
  seed?: number
}

export type Padding = 'valid' | 'same' | readonly [top: number, bottom: number, left: number, right: number]

/** NHWC activations; kernels HWIO for conv, [h, w, channels, multiplier] for depthwise, [in, out] for dense. */
export interface ConvAttributes {
  strides: readonly [number, number]
  padding: Padding
  /** Dilated layers can be run, not trained (tfjs's gradients demand 1). */
  dilations?: readonly [number, number]
}

/** What an opener tells: the rest of OpenBackend is the same for all. */
export type Opened = Pick<OpenBackend, 'version' | 'threads' | 'device'>

/** Value of `f` with the gradient of its loss by each input; all tensors belong to the caller. */
export interface ValueAndGradients<A> {
  loss: Tensor
  gradients: Tensor[]
  aux: A
}
