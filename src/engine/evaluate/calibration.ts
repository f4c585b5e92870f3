/** Predictions of one range of confidence; `accuracy` and `confidence` are means, 0 when it is empty. */
export interface ReliabilityBin {
  low: number
  high: number
  count: number
  accuracy: number
  confidence: number
}

/**
 * Equal-width bins (low, high] of the predicted class's probability, for a reliability diagram (Guo et al., "On
 * Calibration of Modern Neural Networks", ICML 2017, arXiv 1706.04599).
 */
export function reliability(
  confidence: ArrayLike<number>,
  correct: ArrayLike<boolean>,
  bins = 15,
): ReliabilityBin[] {
  const sums = Array.from({ length: bins }, () => ({ count: 0, correct: 0, confidence: 0 }))
  for (let i = 0; i < confidence.length; i++) {
    const at = Math.min(bins, Math.max(1, Math.ceil(confidence[i]! * bins))) - 1
    sums[at]!.count++
    sums[at]!.correct += correct[i] ? 1 : 0
    sums[at]!.confidence += confidence[i]!
  }
  return sums.map((sum, i) => ({
    low: i / bins,
    high: (i + 1) / bins,
    count: sum.count,
    accuracy: sum.count ? sum.correct / sum.count : 0,
    confidence: sum.count ? sum.confidence / sum.count : 0,
  }))
}

/** Expected calibration error: mean |accuracy - confidence| over the bins, weighted by their counts. */
export function calibrationError(bins: readonly ReliabilityBin[]): number {
  const count = bins.reduce((sum, bin) => sum + bin.count, 0)
  return bins.reduce((sum, bin) => sum + bin.count * Math.abs(bin.accuracy - bin.confidence), 0) / count
}
