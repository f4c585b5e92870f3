import { UserError } from '../../spec/types'
import { lbfgs, type LbfgsOptions, type LbfgsProgress, type LbfgsResult } from './lbfgs'
import { softmaxLoss } from './softmaxLoss'
import { measureScales, standardise, type Standardisation, type StandardiseMode } from './standardise'

/** A linear layer [width, classes] with its bias. */
export interface LinearLayer {
  weights: Float32Array
  bias: Float32Array
}

export interface LogisticOptions extends LbfgsOptions {
  /** Strength of l2 / 2 ||W||^2 beside the mean cross-entropy. sklearn's C is 1 / (l2 * count). */
  l2: number
  /** Default `feature`. */
  standardise?: StandardiseMode
  /** Where to start, on standardised features: an earlier fit, for a path of strengths. */
  warmStart?: LinearLayer
}

export interface LogisticFit extends LinearLayer {
  /** Dimension of a feature. */
  width: number
  classes: number
  /** What the layer expects its input to be scaled by. */
  mean: Float32Array
  std: Float32Array
  iterations: number
  /** Value of the objective and the largest entry of its gradient at the end. */
  loss: number
  gradientNorm: number
  state: LbfgsResult['state']
}

/**
 * Multinomial logistic regression on features, a linear probe. The standardisation stays apart: folding 1 / std
 * into the weights makes some of them huge, and fine-tuning from there collapses. With two classes the columns
 * are w / 2 and -w / 2 of the binary model with penalty l2 / 4 ||w||^2.
 * @param features `labels.length x width`, row by row
 * @param labels classes 0 … classes - 1
 * @throws UserError for non-finite features, labels out of range, nothing to fit
 */
export function fitLogistic(
  features: Float32Array | Float64Array,
  labels: ArrayLike<number>,
  classes: number,
  options: LogisticOptions,
): LogisticFit {
  const steps = fitLogisticSteps(features, labels, classes, options)
  for (;;) {
    const next = steps.next()
    if (next.done) return next.value
  }
}

/** `fitLogistic` as a generator that stops after each iteration. */
export function* fitLogisticSteps(
  features: Float32Array | Float64Array,
  labels: ArrayLike<number>,
  classes: number,
  options: LogisticOptions,
): Generator<LbfgsProgress, LogisticFit> {
  const count = labels.length
  const width = check(features, labels, classes)
  const scales = measureScales(features, count, width, options.standardise ?? 'feature')
  const objective = softmaxLoss({
    features: standardise(features, count, width, scales),
    labels,
    classes,
    width,
    l2: options.l2,
  })
  const start = options.warmStart
    ? pack(options.warmStart, width, classes)
    : new Float64Array((width + 1) * classes)
  const { x, iterations, value, gradientNorm, state } = yield* lbfgs(objective, start, options)
  return {
    ...unpack(x, width, classes),
    width,
    classes,
    mean: Float32Array.from(scales.mean),
    std: Float32Array.from(scales.std),
    iterations,
    loss: value,
    gradientNorm,
    state,
  }
}

/** The same classifier on raw features. To predict with, not to fine-tune from (see `fitLogistic`). */
export function foldScales(fit: LogisticFit): LinearLayer {
  const { width, classes } = fit
  const weights = new Float32Array(width * classes)
  const bias = Float64Array.from(fit.bias)
  for (let j = 0; j < width; j++)
    for (let c = 0; c < classes; c++) {
      const weight = fit.weights[j * classes + c]! / fit.std[j]!
      weights[j * classes + c] = weight
      bias[c]! -= weight * fit.mean[j]!
    }
  return { weights, bias: Float32Array.from(bias) }
}

/** Scores `count x classes` of a fit. */
export function predictLogistic(fit: LogisticFit, features: Float32Array | Float64Array): Float64Array {
  const { width, classes, weights, bias, mean, std } = fit
  const scales: Standardisation = { mean: Float64Array.from(mean), std: Float64Array.from(std) }
  const count = features.length / width
  const scaled = standardise(features, count, width, scales)
  const scores = new Float64Array(count * classes)
  for (let i = 0; i < count; i++)
    for (let c = 0; c < classes; c++) {
      let score = bias[c]!
      for (let j = 0; j < width; j++) score += scaled[i * width + j]! * weights[j * classes + c]!
      scores[i * classes + c] = score
    }
  return scores
}

/** [width, classes] to the solver's `classes x width`, then the bias. */
function pack({ weights, bias }: LinearLayer, width: number, classes: number): Float64Array {
  const x = new Float64Array((width + 1) * classes)
  for (let j = 0; j < width; j++)
    for (let c = 0; c < classes; c++) x[c * width + j] = weights[j * classes + c]!
  x.set(bias, width * classes)
  return x
}

function unpack(x: Float64Array, width: number, classes: number): LinearLayer {
  const weights = new Float32Array(width * classes)
  for (let j = 0; j < width; j++)
    for (let c = 0; c < classes; c++) weights[j * classes + c] = x[c * width + j]!
  return { weights, bias: Float32Array.from(x.subarray(width * classes)) }
}

/** Width of the features. */
function check(features: ArrayLike<number>, labels: ArrayLike<number>, classes: number): number {
  const count = labels.length
  if (count === 0) throw new UserError('There are no images to fit the linear probe on; add training images.')
  const width = features.length / count
  if (!Number.isInteger(width) || width === 0)
    throw new UserError(
      `The linear probe got ${features.length} feature values for ${count} labels; each image needs the same number.`,
    )
  for (let i = 0; i < features.length; i++)
    if (!Number.isFinite(features[i]))
      throw new UserError(
        `Feature ${i % width} of training image ${Math.floor(i / width)} is ${features[i]}; ` +
          'the linear probe needs finite features: check the model file and the input scale.',
      )
  for (let i = 0; i < count; i++)
    if (!(Number.isInteger(labels[i]) && labels[i]! >= 0 && labels[i]! < classes))
      throw new UserError(`Label ${labels[i]} of training image ${i} is not one of 0 to ${classes - 1}.`)
  return width
}
