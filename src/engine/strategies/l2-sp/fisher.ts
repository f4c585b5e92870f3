import type { Tensor } from '@tensorflow/tfjs-core'
import { ops, tf, valueAndGradients } from '../../backend'
import { softmax } from '../../evaluate'
import { floats } from '../../optim/floats'
import type { RandomStream } from '../../random'
import { yieldNow } from '../../train/yieldNow'

/** Labels rarer than this are left out of the expectation: with their weight they would not show in float32. */
const NEGLIGIBLE = 1e-6

export interface FisherInput {
  /** Scores [n, classes] of pixels [n, height, width, 3] in evaluation mode, at the source weights. */
  scores: (x: Tensor) => Tensor
  /** The source weights that `scores` reads and that the diagonal is wanted of. */
  weights: ReadonlyMap<string, Tensor>
  /** Pixels of one image each, [1, height, width, 3]; disposed here. */
  images: AsyncIterable<Tensor>
  labels: 'exact' | 'sampled'
  /** Draws labels. */
  random: RandomStream
  /** @returns whether to stop */
  progress: (done: number) => boolean
}

function draw(probabilities: readonly number[], random: RandomStream): number {
  let left = random.uniform()
  const at = probabilities.findIndex((p) => (left -= p) < 0)
  return at < 0 ? probabilities.length - 1 : at
}

/**
 * Diagonal of the Fisher information by weight: the mean over images of sum over labels k of
 * f_k (d log f_k / d w)^2, f the softmax of the scores (strategies.md section 1.1). The expectation is over the
 * network's own labels, or over one drawn from it (an unbiased estimate). Sums in double precision.
 * @returns undefined when stopped
 */
export async function estimateFisher(input: FisherInput): Promise<Map<string, Float32Array> | undefined> {
  const { scores, weights, labels, random } = input
  const sums = new Map([...weights].map(([name, { size }]) => [name, new Float64Array(size)]))
  let count = 0
  for await (const x of input.images) {
    try {
      const probabilities = softmax(tf.tidy(() => floats(scores(x)).slice()))
      const drawn = labels === 'sampled' ? draw(probabilities, random) : undefined
      for (const [k, p] of probabilities.entries()) {
        if (drawn === undefined ? p < NEGLIGIBLE : k !== drawn) continue
        addSquares(sums, gradientsOf(k, x, input), drawn === undefined ? p : 1)
        await yieldNow()
      }
    } finally {
      x.dispose()
    }
    count++
    if (input.progress(count)) return undefined
  }
  return new Map([...sums].map(([name, sum]) => [name, Float32Array.from(sum, (value) => value / count)]))
}

/** d log f_k / d w for one image. */
function gradientsOf(k: number, x: Tensor, { scores, weights }: FisherInput): Map<string, Tensor> {
  const label = tf.tensor1d([k], 'int32')
  const { loss, gradients } = valueAndGradients(
    () => ops.softmaxCrossEntropy(scores(x), label),
    [...weights.values()],
  )
  tf.dispose([loss, label])
  return new Map([...weights.keys()].map((name, i) => [name, gradients[i]!]))
}

function addSquares(
  sums: ReadonlyMap<string, Float64Array>,
  gradients: Map<string, Tensor>,
  by: number,
): void {
  for (const [name, gradient] of gradients) {
    const sum = sums.get(name)!
    const values = floats(gradient)
    for (let i = 0; i < values.length; i++) sum[i]! += by * values[i]! * values[i]!
    gradient.dispose()
  }
}

/** Epsilon, limit and normalisation, in this order. */
export function conditioned(
  fisher: ReadonlyMap<string, Float32Array>,
  { epsilon, limit = Infinity, normalise }: { epsilon: number; limit?: number; normalise: boolean },
): Map<string, Float32Array> {
  const adapted = new Map(
    [...fisher].map(([name, values]) => [name, values.map((value) => Math.min(limit, value + epsilon))]),
  )
  if (!normalise) return adapted
  const mean = meanOf(adapted)
  return mean === 0
    ? adapted
    : new Map([...adapted].map(([name, values]) => [name, values.map((value) => value / mean)]))
}

/** Mean over all weights. */
export function meanOf(fisher: ReadonlyMap<string, Float32Array>): number {
  let sum = 0
  let count = 0
  for (const values of fisher.values()) {
    for (const value of values) sum += value
    count += values.length
  }
  return count === 0 ? 0 : sum / count
}
