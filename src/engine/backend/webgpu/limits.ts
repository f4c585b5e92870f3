import type { LayerCost } from '../../network/types'
import { tf } from '../tf'

/** What one tensor may take: it lies in one buffer, and a shader binds the whole of it. */
export interface GpuLimits {
  maxBufferSize: number
  maxStorageBufferBindingSize: number
}

export interface LimitProblem {
  layer: string
  /** What is too large, in words. */
  message: string
  /** Images a step that would fit; 0 where not even one does. */
  fits: number
}

export const largestTensor = ({ maxBufferSize, maxStorageBufferBindingSize }: GpuLimits): number =>
  Math.min(maxBufferSize, maxStorageBufferBindingSize)

/** The first layer, in graph order, with a tensor that the GPU cannot hold at this batch size. */
export function beyondLimits(
  costs: readonly LayerCost[],
  batch: number,
  limits: GpuLimits,
): LimitProblem | undefined {
  const most = largestTensor(limits)
  for (const { layer, activations, parameters } of costs) {
    const made =
      4 * parameters > most
        ? { what: 'weights', bytes: 4 * parameters, fits: 0 }
        : { what: `output for ${batch} images`, bytes: 4 * activations * batch, fits: perBatch(costs, most) }
    if (made.bytes > most)
      return {
        layer,
        message: `layer ${layer}: its ${made.what} takes ${inWords(made.bytes)}, and this GPU binds ${inWords(most)} at once`,
        fits: made.fits,
      }
  }
  return undefined
}

const perBatch = (costs: readonly LayerCost[], most: number): number =>
  Math.floor(most / (4 * Math.max(...costs.map((cost) => cost.activations))))

/** For example `1.5 GB`. */
export function inWords(bytes: number): string {
  const [unit, name] = bytes >= 2 ** 30 ? [2 ** 30, 'GB'] : [2 ** 20, 'MB']
  return `${(bytes / unit).toFixed(1)} ${name}`
}

/** Of the device that is open; undefined on other back ends. */
export const gpuLimits = (): GpuLimits | undefined =>
  tf.getBackend() === 'webgpu'
    ? (tf.backend() as unknown as { device: { limits: GpuLimits } }).device.limits
    : undefined
