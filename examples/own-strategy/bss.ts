import {
  batchNormModes,
  defineStrategy,
  featureLayer,
  floats,
  ops,
  tf,
  untaped,
  z,
  type Scalar,
  type Tensor,
} from 'thaw'
import { eigenvectors } from './eigen'

/**
 * Batch spectral shrinkage (Chen et al., "Catastrophic Forgetting Meets Negative Transfer", NeurIPS 2019): full
 * fine-tuning, and eta times the sum of the k smallest squared singular values of the batch's feature matrix F.
 */
export default defineStrategy({
  title: 'Batch spectral shrinkage',
  summary: 'Suppresses the directions of the features that carry least, where transfer harms.',
  source: 'Chen et al., NeurIPS 2019',
  options: z.strictObject({
    eta: z.number().min(0).default(1e-3).describe('Strength'),
    k: z.int().min(1).default(1).describe('How many of the smallest singular values are penalised'),
  }),
  off: { eta: 0 },

  plan({ spec, graph, steps }, { eta, k }) {
    const features = featureLayer(graph)
    return [
      {
        name: 'fine-tune',
        steps,
        trains: () => true,
        batchNorm: batchNormModes(spec, () => true),
        hooks: [features],
        terms:
          eta === 0
            ? []
            : [{ name: 'bss', value: ({ hooks }) => tf.mul(shrinkage(hooks.get(features)!, k), eta) }],
      },
    ]
  },
})

/**
 * Sum of the k smallest squared singular values of F [n, d], as a scalar that gradients flow through. They are the
 * smallest eigenvalues of the smaller of F F^T and F^T F. An eigenvalue is u^T A u, and to first order its eigenvector
 * u does not count (A u = lambda u, |u| = 1), so u is a constant: the gradient is the exact 2 sigma u v^T.
 */
export function shrinkage(f: Tensor, k: number): Scalar {
  const wide = f.shape[0]! <= f.shape[1]!
  const u = untaped(() => {
    const gram = tf.tidy(() => floats(tf.matMul(f, f, !wide, wide)).slice())
    return tf.tensor2d(eigenvectors(gram, k))
  })
  const projected = wide ? tf.matMul(u, f) : tf.matMul(f, u, false, true)
  return ops.sum(ops.square(projected)) as Scalar
}
