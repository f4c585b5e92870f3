import type { BatchNormMode } from '../../events/types'
import type { ResolvedSpec } from '../../spec/schema'

/**
 * Batch norm of a phase: `fallback` (or what the run file says) where the layer trains, `frozen` elsewhere.
 * The fallback for transfer is running statistics with a trainable affine part: with a few hundred images, batch
 * statistics are noise.
 */
export function batchNormModes(
  spec: ResolvedSpec,
  trains: (layer: string) => boolean,
  fallback: BatchNormMode = 'eval_affine',
): (layer: string) => BatchNormMode {
  const mode = spec.train.batchNorm ?? fallback
  return (layer) => (trains(layer) ? mode : 'frozen')
}
