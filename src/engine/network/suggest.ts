import { distance } from 'fastest-levenshtein'

/** `did you mean 'x'?` for a near miss, else a list of what there is. */
export function suggest(word: string, known: readonly string[]): string {
  const ranked = [...known].sort((a, b) => distance(word, a) - distance(word, b))
  const best = ranked[0]
  if (best !== undefined && distance(word, best) <= Math.max(2, word.length / 3))
    return `did you mean '${best}'?`
  const shown = known
    .slice(0, 12)
    .map((name) => `'${name}'`)
    .join(', ')
  return `there is ${shown}${known.length > 12 ? ` and ${known.length - 12} more` : ''}`
}
