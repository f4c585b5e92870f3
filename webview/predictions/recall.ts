import type { PredictionTable } from '../../src/events/artifacts'

export interface ClassRecall {
  name: string
  correct: number
  total: number
  recall: number
  /** 95 % interval of Wilson (1927), good for few images. */
  low: number
  high: number
  /** Share of what was said to be this class that is. */
  precision?: number
}

const Z = 1.959963984540054

export function wilson(correct: number, total: number): { low: number; high: number } {
  const share = correct / total
  const weight = 1 + (Z * Z) / total
  const middle = (share + (Z * Z) / (2 * total)) / weight
  const half = (Z / weight) * Math.sqrt((share * (1 - share)) / total + (Z * Z) / (4 * total * total))
  return { low: Math.max(0, middle - half), high: Math.min(1, middle + half) }
}

/** Counts by true class (rows) and predicted class. */
export function confusionOf({ classes, labels, predicted }: PredictionTable): number[][] {
  const counts = classes.map(() => classes.map(() => 0))
  labels.forEach((label, i) => counts[label]![predicted[i]!]!++)
  return counts
}

/** Each class that has images. */
export function recalls(classes: readonly string[], confusion: readonly number[][]): ClassRecall[] {
  return classes.flatMap((name, c) => {
    const total = confusion[c]!.reduce((a, b) => a + b, 0)
    if (total === 0) return []
    const correct = confusion[c]![c]!
    const said = confusion.reduce((sum, row) => sum + row[c]!, 0)
    return [
      {
        name,
        correct,
        total,
        recall: correct / total,
        ...wilson(correct, total),
        ...(said > 0 && { precision: correct / said }),
      },
    ]
  })
}
