// tfjs's own wasm kernels that are slow or missing, replaced for whoever calls them through tfjs's functions.
import { tf, type BackendWasm, type TensorInfo } from '../tf'
import { activation, transposedProduct } from './forms'

interface Refcounts {
  incRef(id: object): void
}

interface KernelArguments {
  inputs: Record<string, TensorInfo>
  attrs: Record<string, unknown>
  backend: unknown
}

/** `make` gets tfjs's kernel, and keeps it from being wrapped twice where this module is loaded twice. */
function replace(
  kernelName: string,
  make: (own: (call: KernelArguments) => TensorInfo) => (call: KernelArguments) => TensorInfo,
) {
  const known = tf.getKernel(kernelName, 'wasm')
  if (!known || 'thaw' in known) return
  tf.unregisterKernel(kernelName, 'wasm')
  const kernelFunc = make(known.kernelFunc as never) as never
  tf.registerKernel(Object.assign({ ...known, kernelFunc }, { thaw: true }))
}

// Every tensor saved for a backward pass goes through Identity: sharing the buffer instead of copying it saves time
// and half of the memory.
replace('Identity', () => ({ inputs, backend }) => {
  const { dataId, shape, dtype } = inputs['x']!
  ;(backend as Refcounts).incRef(dataId)
  return { dataId, shape, dtype }
})

// Transposed operands take tfjs's naive path, 2 GFLOP/s; a^T b has a kernel of ours, a b^T gets its b transposed.
replace('BatchMatMul', (own) => (call) => {
  const { a, b } = call.inputs as { a: TensorInfo; b: TensorInfo }
  const { transposeA, transposeB } = call.attrs as { transposeA: boolean; transposeB: boolean }
  if (!transposeA && !transposeB) return own(call)
  const backend = call.backend as BackendWasm
  if (transposeA && !transposeB && a.shape.length === 2 && b.shape.length === 2)
    return transposedProduct(a, b, backend)
  return tf.tidy(() => {
    const turn = (x: TensorInfo, wanted: boolean) => {
      if (!wanted) return x
      const last = x.shape.length - 1
      const perm = x.shape.map((_, i) => (i === last ? last - 1 : i === last - 1 ? last : i))
      return tf.engine().runKernel('Transpose', { x: x as never }, { perm }) as TensorInfo
    }
    const inputs = { a: turn(a, transposeA), b: turn(b, transposeB) }
    const made = own({ inputs, attrs: { ...call.attrs, transposeA: false, transposeB: false }, backend })
    return tf.engine().makeTensorFromTensorInfo(made)
  })
})

// tfjs's relu6 turns NaN into 0, which would hide where a training run broke.
replace('Relu6', () => ({ inputs, backend }) => {
  return activation(
    { x: inputs['x'] as never },
    { kind: 'relu6', alpha: 0 },
    backend as BackendWasm,
  ) as TensorInfo
})
