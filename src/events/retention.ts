/** Which checkpoints stay: the best one, the newest `last`, and all in at most `limitBytes`. */
export interface Retention {
  best?: number
  last: number
  limitBytes?: number
}

/**
 * Steps to keep. The newest always stays, since a run can be resumed only from it, and so does the best; the
 * limit removes the oldest of the others first.
 */
export function chooseKept(
  checkpoints: readonly { step: number; bytes: number }[],
  { best, last, limitBytes = Infinity }: Retention,
): Set<number> {
  const newestFirst = [...checkpoints].sort((a, b) => b.step - a.step)
  const kept = new Set<number>()
  let bytes = 0
  const keep = (checkpoint: { step: number; bytes: number } | undefined) => {
    if (!checkpoint || kept.has(checkpoint.step)) return
    kept.add(checkpoint.step)
    bytes += checkpoint.bytes
  }
  keep(newestFirst[0])
  keep(newestFirst.find((checkpoint) => checkpoint.step === best))
  for (const checkpoint of newestFirst.slice(1, Math.max(1, last))) {
    if (kept.has(checkpoint.step)) continue
    if (bytes + checkpoint.bytes > limitBytes) break
    keep(checkpoint)
  }
  return kept
}
