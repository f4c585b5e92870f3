import type { L2tPicture } from '../../../src/events/pictures/l2t-ww'

/** Strengths of all pairs at a step. */
export interface Moment {
  step: number
  strengths: readonly number[]
}

/** At most so many moments, evenly spread over the history; the last is what was measured now. */
export function snapshots({ history, pairs }: L2tPicture, step: number, most: number): Moment[] {
  const now = { step, strengths: pairs.map(({ strength }) => strength) }
  const before = history.filter((one) => one.step < step)
  const wanted = Math.min(before.length, Math.max(0, Math.min(6, most) - 1))
  const chosen = Array.from(
    { length: wanted },
    (_, i) => before[Math.round((i * (before.length - 1)) / Math.max(1, wanted))]!,
  )
  return [...chosen, now]
}
