import type { Tensor } from '@tensorflow/tfjs-core'
import { ops, tf, valueAndGradients } from '../../backend'
import type { ImageBatch } from '../../data/types'
import { runGraph } from '../../network'
import type { NetworkGraph, ParameterSource } from '../../network/types'
import { floats } from '../../optim/floats'
import { factored } from './factors'
import type { Site } from './layout'
import type { Options } from './meta'

export interface ImportanceInput {
  graph: NetworkGraph
  parameters: ParameterSource
  sites: readonly Site[]
  images: AsyncIterable<ImageBatch>
  accumulate: Options['accumulate']
  /** Told after each batch how many images are done; true stops. */
  progress?(done: number): boolean
}

/**
 * Importance of every filter, by convolution: |dL/dalpha * alpha| (equation 5) over all images, batch norm on running
 * statistics, no dropout. Batches count by their images, so that L is the mean over the data set.
 * @returns undefined when it was stopped
 */
export async function measureImportance(
  input: ImportanceInput,
): Promise<Map<string, Float64Array> | undefined> {
  const { sites, images, accumulate, progress } = input
  const sums = sites.map(({ alpha }) => new Float64Array(input.parameters.get(alpha).size))
  let done = 0
  for await (const batch of images) {
    const count = batch.items.length
    const products = productsOf(input, batch)
    products.forEach((product, i) => {
      const sum = sums[i]!
      product.forEach(
        (value, j) => (sum[j]! += count * (accumulate === 'sum-of-abs' ? Math.abs(value) : value)),
      )
    })
    done += count
    if (progress?.(done)) return undefined
  }
  return new Map(
    sites.map(({ convolution }, i) => [convolution, sums[i]!.map((sum) => Math.abs(sum) / done)]),
  )
}

/** dL/dalpha * alpha of one batch, by site. */
function productsOf({ graph, parameters, sites }: ImportanceInput, batch: ImageBatch): Float64Array[] {
  const x = tf.tensor4d(batch.images, [...batch.shape])
  const labels = tf.tensor1d(batch.labels, 'int32')
  const alphas = sites.map(({ alpha }) => parameters.get(alpha))
  const { loss, gradients } = valueAndGradients(
    () =>
      ops.softmaxCrossEntropy(
        runGraph(graph, x, { parameters: factored(parameters, sites, 'alpha') }).output,
        labels,
      ),
    alphas,
  )
  const products = gradients.map((gradient, i) => multiplied(gradient, alphas[i]!))
  tf.dispose([x, labels, loss, gradients])
  return products
}

function multiplied(a: Tensor, b: Tensor): Float64Array {
  const [x, y] = [floats(a), floats(b)]
  return Float64Array.from(x, (value, i) => value * y[i]!)
}

/** Importance of each channel of a group: of all its convolutions together. */
export function groupImportance(
  importance: ReadonlyMap<string, Float64Array>,
  sites: readonly Site[],
): Map<string, Float64Array> {
  const groups = new Map<string, Float64Array>()
  for (const { convolution, group } of sites) {
    const own = importance.get(convolution)!
    const sum = groups.get(group)
    groups.set(group, sum ? sum.map((value, i) => value + own[i]!) : own.slice())
  }
  return groups
}

const [LEAST, MOST] = [0.1, 10]

/**
 * What multiplies the filters of a layer from the transform on; strategies.md section 5.4.
 * @param importance and alpha of the filters that are left
 */
export function scaleOf(
  mode: Options['scaleMode'],
  importance: ArrayLike<number>,
  alpha: ArrayLike<number>,
): Float32Array {
  const values = Array.from(importance)
  if (mode === 'none') return new Float32Array(values.length).fill(1)
  if (mode === 'alpha') return Float32Array.from(alpha)
  if (mode === 'beta') return Float32Array.from(values)
  const mean = values.reduce((a, b) => a + b, 0) / values.length
  // a layer that the loss does not depend on has no order to keep
  return Float32Array.from(values, (value) => (mean > 0 ? Math.min(MOST, Math.max(LEAST, value / mean)) : 1))
}
