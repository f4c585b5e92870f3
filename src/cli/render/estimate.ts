import type { Estimate } from '../../engine/train'
import { bytes, count, duration } from './numbers'

export function estimateLines(estimate: Estimate): string[] {
  const { classes, counts, parameters, multiplyAdds, steps, stepSeconds, seconds, backend, largestBatch } =
    estimate
  const lines = [
    `data: ${count(classes.length, 'class', 'classes')}, ${count(counts.train, 'image')} to train, ${counts.val} to validate, ${counts.test} to test`,
    `network: ${(parameters / 1e6).toFixed(2)} M values, ${Math.round(multiplyAdds / 1e6)} M multiply-adds an image`,
    `a step: ${stepWork(estimate)}`,
    `memory: about ${bytes(estimate.bytes)} on ${backend}${largestBatch === undefined ? '' : `; the largest batch that fits is ${largestBatch}`}`,
  ]
  if (Number.isFinite(seconds)) {
    lines.push(
      `time: about ${duration(seconds)} (${count(steps, 'step')}${stepSeconds > 0 ? ` of ${duration(stepSeconds)}` : ''}, with evaluations)`,
    )
  }
  return lines
}

/** Multiply-adds of a step, and how they compare with plain full fine-tuning's. */
function stepWork({
  stepMultiplyAdds,
  fullMultiplyAdds,
  exportedMultiplyAdds,
  multiplyAdds,
}: Estimate): string {
  const ratio = stepMultiplyAdds / fullMultiplyAdds
  const exported = Math.round((100 * exportedMultiplyAdds) / multiplyAdds)
  return `${Math.round(stepMultiplyAdds / 1e6)} M multiply-adds an image, ${ratio.toFixed(2)} times full fine-tuning${exported === 100 ? '' : `; the exported network takes ${exported} % of this one's`}`
}
