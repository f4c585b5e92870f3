/** Files of a checkpoint, see engine/train/checkpoint.ts. */
export type CheckpointFiles = ReadonlyMap<string, Uint8Array>

/** Share of the time of training that rewind points may cost. */
const SHARE = 0.02

/** Bytes of rewind points that a session keeps unless told otherwise. */
export const RING_LIMIT = 512e6

/**
 * Which of some steps to give up so that the rest lie as evenly as they can: the one whose neighbours lie closest
 * together. The first and the last stay.
 */
export function leastMissed(steps: readonly number[]): number | undefined {
  let best: number | undefined
  let narrowest = Infinity
  for (let i = 1; i < steps.length - 1; i++) {
    const gap = steps[i + 1]! - steps[i - 1]!
    if (gap < narrowest) {
      narrowest = gap
      best = steps[i]
    }
  }
  return best
}

/** Rewind points of a session in memory, thinned to a limit in bytes. */
export class CheckpointRing {
  private readonly points = new Map<number, { files: CheckpointFiles; bytes: number }>()
  private trainedMs = 0
  private saveMs = 0

  constructor(readonly limit: number = RING_LIMIT) {}

  get bytes(): number {
    return [...this.points.values()].reduce((sum, { bytes }) => sum + bytes, 0)
  }

  get steps(): number[] {
    return [...this.points.keys()].sort((a, b) => a - b)
  }

  /** Whether a point now would cost no more than its share of the training since the last. */
  due(ms: number): boolean {
    this.trainedMs += ms
    return this.trainedMs * SHARE >= this.saveMs
  }

  /** Keeps a point; `take` makes its files and is timed. */
  save(step: number, take: () => CheckpointFiles): void {
    const began = performance.now()
    const files = take()
    this.put(step, files)
    this.saveMs = performance.now() - began
    this.trainedMs = 0
  }

  put(step: number, files: CheckpointFiles): void {
    const bytes = [...files.values()].reduce((sum, file) => sum + file.byteLength, 0)
    this.points.set(step, { files, bytes })
    while (this.bytes > this.limit && this.points.size > 2) this.points.delete(leastMissed(this.steps)!)
  }

  /** The nearest point at or before a step. */
  nearest(step: number): { step: number; files: CheckpointFiles } | undefined {
    const at = this.steps.findLast((one) => one <= step)
    return at === undefined ? undefined : { step: at, files: this.points.get(at)!.files }
  }

  clear(): void {
    this.points.clear()
  }
}
