import type { PredictionTable } from '../../src/events/artifacts'

/** Images that are wrong, the surest first. */
export function mostWrong({ labels, predicted, confidence }: PredictionTable): number[] {
  return labels
    .map((_, i) => i)
    .filter((i) => labels[i] !== predicted[i])
    .sort((a, b) => confidence[b]! - confidence[a]!)
}

/** Smallest gap between the two most probable classes first, right or wrong. */
export function leastSure({ labels, confidence, runnerUp }: PredictionTable): number[] {
  const gap = (i: number) => confidence[i]! - runnerUp[i]!
  return labels.map((_, i) => i).sort((a, b) => gap(a) - gap(b))
}

/** Images of one cell of the confusion matrix, the surest first. */
export function ofCell(table: PredictionTable, label: number, predicted: number): number[] {
  return table.labels
    .map((_, i) => i)
    .filter((i) => table.labels[i] === label && table.predicted[i] === predicted)
    .sort((a, b) => table.confidence[b]! - table.confidence[a]!)
}
