import type { Objective } from './lbfgs'

export interface SoftmaxData {
  /** `count x width`. */
  features: Float64Array
  labels: ArrayLike<number>
  classes: number
  width: number
  l2: number
}

/**
 * Objective of a linear softmax classifier: mean cross-entropy + l2 / 2 ||W||^2, the bias without penalty.
 * The unknowns are W as `classes x width` (rows of consecutive memory for the inner loops), then the bias.
 */
export function softmaxLoss({ features, labels, classes, width, l2 }: SoftmaxData): Objective {
  const count = labels.length
  const scores = new Float64Array(classes)
  return (x, gradient) => {
    gradient.fill(0)
    let loss = 0
    for (let i = 0; i < count; i++) {
      const row = i * width
      for (let c = 0; c < classes; c++)
        scores[c] = x[classes * width + c]! + rowDot(x, c * width, features, row, width)
      loss += crossEntropyInto(scores, labels[i]!)
      for (let c = 0; c < classes; c++) {
        const error = scores[c]! / count
        gradient[classes * width + c]! += error
        rowAdd(gradient, c * width, features, row, width, error)
      }
    }
    let squares = 0
    for (let k = 0; k < classes * width; k++) {
      squares += x[k]! * x[k]!
      gradient[k]! += l2 * x[k]!
    }
    return loss / count + (l2 / 2) * squares
  }
}

/** Cross-entropy of one row of scores; replaces them by softmax minus one-hot. */
function crossEntropyInto(scores: Float64Array, label: number): number {
  let top = -Infinity
  for (const score of scores) top = Math.max(top, score)
  const own = scores[label]!
  let sum = 0
  for (let c = 0; c < scores.length; c++) sum += scores[c] = Math.exp(scores[c]! - top)
  for (let c = 0; c < scores.length; c++) scores[c]! /= sum
  scores[label]! -= 1
  return Math.log(sum) + top - own
}

/** Four sums at a time, so that additions need not wait for each other. */
function rowDot(a: Float64Array, from: number, b: Float64Array, row: number, width: number): number {
  let s0 = 0
  let s1 = 0
  let s2 = 0
  let s3 = 0
  let j = 0
  for (; j + 3 < width; j += 4) {
    s0 += a[from + j]! * b[row + j]!
    s1 += a[from + j + 1]! * b[row + j + 1]!
    s2 += a[from + j + 2]! * b[row + j + 2]!
    s3 += a[from + j + 3]! * b[row + j + 3]!
  }
  for (; j < width; j++) s0 += a[from + j]! * b[row + j]!
  return s0 + s1 + (s2 + s3)
}

function rowAdd(
  a: Float64Array,
  from: number,
  b: Float64Array,
  row: number,
  width: number,
  by: number,
): void {
  for (let j = 0; j < width; j++) a[from + j]! += by * b[row + j]!
}
