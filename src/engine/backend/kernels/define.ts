import { tf, type BackendWasm, type Tensor, type TensorInfo } from '../tf'

export type Inputs = Record<string, Tensor>
type Attributes = object

export interface KernelDefinition<A extends Attributes> {
  /** Begins with `Thaw`, apart from the few of tfjs's that we replace. */
  name: string
  /** Inputs that the gradient reads, in the order in which it gets them. */
  save?: readonly string[]
  /** Outputs that the gradient reads too, by position; they follow the inputs. */
  saveOutputs?: readonly boolean[]
  /** Any back end: made of tfjs's forward ops. */
  generic: (inputs: Inputs, attributes: A) => Tensor | Tensor[]
  /** Fast form on the wasm back end; undefined where it has none for these inputs. */
  wasm?: (inputs: Inputs, attributes: A, backend: BackendWasm) => TensorInfo | TensorInfo[] | undefined
  /** Fast form on TensorFlow, likewise. */
  native?: (inputs: Inputs, attributes: A) => TensorInfo | TensorInfo[] | undefined
  /** Lazily by input: what no trainable tensor needs is never computed. Left out: has no gradient, and says so. */
  gradient?: (dy: Tensor, saved: Tensor[], attributes: A) => Record<string, () => Tensor>
}

const backends = ['cpu', 'wasm', 'webgpu', 'tensorflow']

/**
 * Registers an op with tfjs's engine and returns how to call it. Registered kernels rather than `tf.customGrad`,
 * which computes the gradient of every input whether or not anything trainable is behind it.
 */
export function defineKernel<A extends Attributes>(definition: KernelDefinition<A>) {
  const { name, generic, wasm, native, gradient } = definition
  for (const backendName of backends) {
    if (tf.getKernel(name, backendName)) tf.unregisterKernel(name, backendName)
    tf.registerKernel({
      kernelName: name,
      backendName,
      kernelFunc: ({ inputs, attrs, backend }) =>
        (backendName === 'wasm' && wasm?.(inputs as Inputs, attrs as unknown as A, backend as BackendWasm)) ||
        (backendName === 'tensorflow' && native?.(inputs as Inputs, attrs as unknown as A)) ||
        tf.engine().tidy(() => generic(inputs as Inputs, attrs as unknown as A)),
    })
  }
  if (gradient) {
    if (tf.getGradient(name)) tf.unregisterGradient(name)
    tf.registerGradient({
      kernelName: name,
      inputsToSave: [...(definition.save ?? [])],
      outputsToSave: [...(definition.saveOutputs ?? [])],
      gradFunc: (dy, saved, attrs) => gradient(dy as Tensor, saved, attrs as unknown as A),
    })
  }
  return (inputs: Inputs, attributes: A): Tensor =>
    tf.engine().runKernel(name, inputs as never, attributes as never) as Tensor
}

/** As `defineKernel`, for an op that has inputs alone. */
export function definePlainKernel<I extends Inputs>(
  definition: KernelDefinition<Attributes>,
): (inputs: I) => Tensor {
  const run = defineKernel(definition)
  return (inputs) => run(inputs, {})
}
