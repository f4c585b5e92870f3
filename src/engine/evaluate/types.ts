/** Scores of `labels.length` images, `count x classes` row by row: logits, or probabilities that sum to 1. */
export interface Scores {
  logits?: ArrayLike<number>
  probabilities?: ArrayLike<number>
}

export interface Evaluated extends Scores {
  /** 0 … classes - 1. */
  labels: ArrayLike<number>
  classes: number
}

export interface Interval {
  low: number
  high: number
}

/** What a comparison may honestly say. */
export type Verdict = 'separated' | 'not separated'
