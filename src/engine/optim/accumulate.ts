import type { Tensor } from '@tensorflow/tfjs-core'
import { tf } from '../backend'

/**
 * Averages the gradients of several batches into one step, so that `count` batches of n images act like one of
 * count x n (batch norm in mode `train` excepted, which sees each batch alone).
 */
export class GradientAccumulator {
  private readonly sums = new Map<string, Tensor>()
  private added = 0

  constructor(readonly count: number) {}

  /** Batches since the last `take`. */
  get batches(): number {
    return this.added
  }

  get full(): boolean {
    return this.added >= this.count
  }

  /** The gradients stay the caller's. A parameter without one counts as zero. */
  add(gradients: ReadonlyMap<string, Tensor>): void {
    this.added++
    for (const [name, gradient] of gradients) {
      const sum = this.sums.get(name)
      this.sums.set(name, sum ? tf.add(sum, gradient) : gradient.clone())
      sum?.dispose()
    }
  }

  /** Mean over the batches added so far, the caller's to dispose; the accumulator starts anew. */
  take(): Map<string, Tensor> {
    const batches = this.added
    const means = new Map<string, Tensor>()
    for (const [name, sum] of this.sums) {
      means.set(name, batches === 1 ? sum : tf.div(sum, batches))
      if (batches > 1) sum.dispose()
    }
    this.sums.clear()
    this.added = 0
    return means
  }

  dispose(): void {
    for (const sum of this.sums.values()) sum.dispose()
    this.sums.clear()
    this.added = 0
  }
}
