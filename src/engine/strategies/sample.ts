import type { Item, Split } from '../data/types'
import type { RandomStream } from '../random'

/** Positions of `count` images of a split, drawn without replacement; all of them where there are no more. */
export function sampleItems(
  items: readonly Item[],
  split: Split,
  count: number,
  random: RandomStream,
): ReadonlySet<number> {
  const pool = items.flatMap((item, i) => (item.split === split ? [i] : []))
  const wanted = Math.min(count, pool.length)
  for (let i = 0; i < wanted; i++) {
    const j = i + random.integer(pool.length - i)
    ;[pool[i], pool[j]] = [pool[j]!, pool[i]!]
  }
  return new Set(pool.slice(0, wanted))
}
