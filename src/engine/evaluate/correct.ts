/** How many rows of scores [labels.length, classes] are highest at their label; the first of equal scores counts. */
export function countCorrect(scores: Float32Array, labels: ArrayLike<number>): number {
  const classes = scores.length / labels.length
  let correct = 0
  for (let i = 0; i < labels.length; i++) {
    let top = 0
    for (let c = 1; c < classes; c++) if (scores[i * classes + c]! > scores[i * classes + top]!) top = c
    if (top === labels[i]) correct++
  }
  return correct
}
