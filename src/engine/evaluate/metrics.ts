import type { Metrics } from '../../events/types'
import { calibrationError, reliability, type ReliabilityBin } from './calibration'
import { balancedAccuracy, confusionMatrix, macroF1, recallCounts } from './confusion'
import { balancedAccuracyInterval } from './interval'
import { predict } from './predictions'
import type { Evaluated } from './types'

/** Metrics with what they were made from, for pictures and comparisons. */
export interface Evaluation {
  metrics: Metrics
  /** Rows are true classes, columns predictions. */
  confusion: number[][]
  reliability: ReliabilityBin[]
  predicted: Int32Array
}

/**
 * Everything that is told of a network on a split. `loss` is the plain cross-entropy, so it equals `logLoss`;
 * the interval is `balancedAccuracyInterval`'s.
 * @throws UserError for scores that are not finite or do not fit the labels
 */
export function evaluateScores(evaluated: Evaluated): Evaluation {
  const { labels, classes } = evaluated
  const { predicted, confidence, loss } = predict(evaluated)
  const confusion = confusionMatrix(labels, predicted, classes)
  const correct = Array.from(predicted, (c, i) => c === labels[i])
  const bins = reliability(confidence, correct)
  const logLoss = loss.reduce((sum, value) => sum + value, 0) / labels.length
  return {
    metrics: {
      count: labels.length,
      loss: logLoss,
      accuracy: correct.filter(Boolean).length / labels.length,
      balancedAccuracy: balancedAccuracy(confusion),
      ...balancedAccuracyInterval(recallCounts(confusion)),
      macroF1: macroF1(confusion),
      logLoss,
      ece: calibrationError(bins),
    },
    confusion,
    reliability: bins,
    predicted,
  }
}

/** The metrics of `evaluateScores` alone. */
export function computeMetrics(evaluated: Evaluated): Metrics {
  return evaluateScores(evaluated).metrics
}
