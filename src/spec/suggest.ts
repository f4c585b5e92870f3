import { closest, distance } from 'fastest-levenshtein'

/** The known name that `word` was most likely meant to be, or undefined when none is near. */
export function suggest(word: string, known: readonly string[]): string | undefined {
  if (known.length === 0 || word.length === 0 || word.length > 100) return undefined
  const lower = word.toLowerCase()
  const same = known.find((name) => plain(name) === plain(word))
  if (same) return same
  const near = closest(
    lower,
    known.map((name) => name.toLowerCase()),
  )
  const name = known.find((candidate) => candidate.toLowerCase() === near)!
  if (Math.min(word.length, near.length) <= 3 && lower[0] !== near[0]) return undefined
  const allowed = Math.max(1, Math.floor(Math.max(word.length, near.length) * 0.4))
  return distance(lower, near) <= allowed ? name : undefined
}

/** `batch_size`, `batch-size` and `BatchSize` are all `batchsize`. */
function plain(name: string): string {
  return name.toLowerCase().replace(/[\s_-]/g, '')
}
