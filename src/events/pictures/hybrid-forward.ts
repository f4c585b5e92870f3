/** Means over equal numbers of steps; `weights` are l1 and l2, those of the paths' losses in the objective. */
export interface BalanceRow {
  /** Last step of the row. */
  step: number
  /** Cross-entropy of path 1 (student first), path 2 (teacher first) and path 3 (student alone), unweighted; null where a path did not run. */
  losses: [first: number | null, second: number | null, student: number]
  weights: [first: number, second: number]
  /** Share of the training batches' images that each path got right, 0 to 1. */
  accuracy: [first: number | null, second: number | null, student: number]
}

/**
 * Picture `balance` of `hybrid-forward`, after each evaluation and phase: three losses of one target, and what weighs
 * them. At most about 60 kB.
 */
export interface HybridForwardPicture {
  v: 1
  balance: 'match' | 'fixed' | 'schedule' | 'ema'
  routes: 'alternate' | 'random'
  /** Bottom up; the head comes after the last. `student` and `teacher` are the layers that the stages end with. */
  stages: { student: string; teacher: string }[]
  /** Nets that the two hybrid paths go through, by stage; with random routes another pair each step. */
  paths: { first: ('student' | 'teacher')[]; second: ('student' | 'teacher')[] }
  /** The whole run so far, at most 400 rows. */
  rows: BalanceRow[]
  /** Cosine between the gradients of path 3 and of the hybrid path through that student stage, on eight training images. */
  agreement?: { stage: number; path: 1 | 2; cosine: number }[]
  /** Adapters by name: Frobenius norm of the kernel, and how far it is from where it began, relative to that norm. */
  adapters: { name: string; norm: number; moved: number }[]
  /**
   * Once, at the end: accuracy with exactly one student stage replaced by the teacher's; `stage` -1 is the student
   * itself. A stage that can be replaced without loss still does what the teacher's does.
   */
  swaps?: { stage: number; correct: number; images: number }[]
}
