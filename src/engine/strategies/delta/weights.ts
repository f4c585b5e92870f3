import { softmax } from '../../evaluate'
import type { Options } from './meta'

/** (d - mean) / std, the std with n in the denominator as numpy's, which the release calls; all 0 where nothing differs. */
function standardised(values: readonly number[]): number[] {
  const mean = values.reduce((a, b) => a + b, 0) / values.length
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  const std = Math.sqrt(squares / values.length)
  return values.map((value) => (std > 0 ? (value - mean) / std : 0))
}

/**
 * Weight of each channel, summing to 1, from how much the loss rises without it (strategies.md section 2.1): the
 * softmax of the differences, in the release standardised and at temperature 5.
 */
export function channelWeights(
  differences: ArrayLike<number>,
  { recipe, temperature }: Pick<Options, 'recipe' | 'temperature'>,
): number[] {
  const values = Array.from(differences)
  return recipe === 'paper' ? softmax(values) : softmax(standardised(values), temperature)
}

/** Number of channels that weights of this entropy would be spread over evenly, as a share of all: 1 is flat. */
export function perplexity(weights: readonly number[]): number {
  const entropy = weights.reduce((sum, w) => (w > 0 ? sum - w * Math.log(w) : sum), 0)
  return Math.exp(entropy) / weights.length
}
