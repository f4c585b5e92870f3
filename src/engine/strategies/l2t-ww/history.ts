import type { L2tPicture } from '../../../events/pictures/l2t-ww'

type Points = L2tPicture['history']

/** Numbers that a picture shows of the past at most. */
const LIMIT = 4000

/** Strengths of pairs at evenly spaced steps: every other point goes when there are too many. */
export class History {
  private stride = 1
  private kept: Points = []

  constructor(private readonly pairs: number) {}

  get points(): Points {
    return this.kept
  }

  wants(step: number): boolean {
    return step % this.stride === 0
  }

  add(step: number, strengths: readonly number[]): void {
    this.kept.push({ step, strengths: strengths.map((value) => Number(value.toPrecision(4))) })
    while (this.kept.length * this.pairs > Math.max(LIMIT, 2 * this.pairs)) {
      this.stride *= 2
      this.kept = this.kept.filter((point) => this.wants(point.step))
    }
  }

  toJSON(): { stride: number; points: Points } {
    return { stride: this.stride, points: this.kept }
  }

  restore({ stride, points }: { stride: number; points: Points }): void {
    this.stride = stride
    this.kept = [...points]
  }
}
