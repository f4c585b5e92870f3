import { tf, type TensorInfo } from '../../tf'

interface Refcounts {
  incRef(id: object): void
}

/**
 * Replaces kernels of tfjs-node that are slow for whoever calls them through tfjs's functions. Every tensor saved for
 * a backward pass goes through Identity: sharing the data is a count instead of an op.
 */
export function replaceKernels(): void {
  tf.unregisterKernel('Identity', 'tensorflow')
  tf.registerKernel({
    kernelName: 'Identity',
    backendName: 'tensorflow',
    kernelFunc: ({ inputs, backend }): TensorInfo => {
      const { dataId, shape, dtype } = inputs['x']!
      ;(backend as Refcounts).incRef(dataId)
      return { dataId, shape, dtype }
    },
  })
}
