/** Counts by true class (row) and predicted class (column). */
export function confusionMatrix(
  labels: ArrayLike<number>,
  predicted: ArrayLike<number>,
  classes: number,
): number[][] {
  const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0))
  for (let i = 0; i < labels.length; i++) counts[labels[i]!]![predicted[i]!]!++
  return counts
}

/** Right predictions and images of each class that occurs. */
export function recallCounts(confusion: readonly number[][]): { correct: number; total: number }[] {
  return confusion
    .map((row, c) => ({ correct: row[c]!, total: row.reduce((sum, n) => sum + n, 0) }))
    .filter(({ total }) => total > 0)
}

/** Mean recall over the classes that occur. */
export function balancedAccuracy(confusion: readonly number[][]): number {
  const recalls = recallCounts(confusion)
  return recalls.reduce((sum, { correct, total }) => sum + correct / total, 0) / recalls.length
}

/** Mean F1 over the classes that occur among labels or predictions (sklearn's `f1_score(average='macro')`). */
export function macroF1(confusion: readonly number[][]): number {
  let sum = 0
  let classes = 0
  confusion.forEach((row, c) => {
    const actual = row.reduce((total, n) => total + n, 0)
    const predicted = confusion.reduce((total, other) => total + other[c]!, 0)
    if (actual + predicted === 0) return
    classes++
    sum += (2 * row[c]!) / (actual + predicted)
  })
  return sum / classes
}
