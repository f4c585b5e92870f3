import { ExitCode, UserError } from '../../spec/types'
import type { Evaluated } from './types'

/** What metrics need of each image's scores. */
export interface Predictions {
  /** Class of the highest score, the first of equals. */
  predicted: Int32Array
  /** Probability of the predicted class. */
  confidence: Float64Array
  /** -log of the probability of the true class. */
  loss: Float64Array
}

/**
 * Reduces scores image by image. Softmax is taken relative to the highest logit, so logits of any finite size are
 * safe. A given probability of 0 for the true class counts as 2^-52, as its logarithm has no value.
 * @throws UserError for scores that are not finite, do not sum to 1, or do not fit the labels
 */
export function predict({ logits, probabilities, labels, classes }: Evaluated): Predictions {
  const scores = logits ?? probabilities
  const count = labels.length
  if (count === 0) throw new UserError('There are no images to evaluate; add images to this split.')
  if (!scores || scores.length !== count * classes)
    throw new UserError(
      `Evaluation got ${scores?.length ?? 0} scores for ${count} images of ${classes} classes; ` +
        'it needs one score per image and class.',
    )
  const result: Predictions = {
    predicted: new Int32Array(count),
    confidence: new Float64Array(count),
    loss: new Float64Array(count),
  }
  for (let i = 0; i < count; i++) {
    const row = checkedRow(scores, i, classes)
    const label = checkedLabel(labels, i, classes)
    let top = 0
    for (let c = 1; c < classes; c++) if (row[c]! > row[top]!) top = c
    result.predicted[i] = top
    if (logits) {
      const sum = row.reduce((total, score) => total + Math.exp(score - row[top]!), 0)
      result.confidence[i] = 1 / sum
      result.loss[i] = Math.log(sum) + row[top]! - row[label]!
    } else {
      checkProbabilities(row, i)
      result.confidence[i] = row[top]!
      result.loss[i] = -Math.log(Math.max(row[label]!, Number.EPSILON))
    }
  }
  return result
}

function checkedRow(scores: ArrayLike<number>, image: number, classes: number): number[] {
  const row: number[] = []
  for (let c = 0; c < classes; c++) {
    const score = scores[image * classes + c]!
    if (!Number.isFinite(score))
      throw new UserError(
        `The network's score of class ${c} for image ${image} is ${score}, so nothing can be evaluated; ` +
          'the weights are probably not finite: go back to an earlier checkpoint or lower the rate.',
        ExitCode.runFailed,
      )
    row.push(score)
  }
  return row
}

function checkedLabel(labels: ArrayLike<number>, image: number, classes: number): number {
  const label = labels[image]!
  if (!Number.isInteger(label) || label < 0 || label >= classes)
    throw new UserError(`Label ${label} of image ${image} is not one of 0 to ${classes - 1}.`)
  return label
}

function checkProbabilities(row: readonly number[], image: number): void {
  const sum = row.reduce((total, p) => total + p, 0)
  if (Math.abs(sum - 1) > 1e-3 || row.some((p) => p < 0))
    throw new UserError(
      `The probabilities of image ${image} sum to ${sum.toPrecision(6)}; hand logits over as logits, ` +
        'or probabilities that sum to 1.',
    )
}
