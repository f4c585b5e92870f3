import type { PrunedCost } from './pruneCosts'
import type { KeptChannels } from './pruneCut'
import type { ChannelGroup } from './pruneGroups'

export interface SelectInput {
  groups: readonly ChannelGroup[]
  cost: PrunedCost
  /** What is left already. */
  kept: KeptChannels
  /** Importance of each channel that is left, by the group's name, in the order of what is left. */
  importance: ReadonlyMap<string, ArrayLike<number>>
  /** Multiply-adds for one image that are to go. */
  budget: number
  /** Share of a group's channels that always stays, and never less than one. */
  keep: number
}

export interface Selection {
  kept: KeptChannels
  /** Channels cut, multiply-adds before and after. */
  cut: number
  before: number
  after: number
  /** The budget was reached. */
  reached: boolean
}

/**
 * Cuts the channels of least importance, over all groups together, one by one until they are worth the budget: one
 * fewer would not be.
 */
export function selectChannels({ groups, cost, kept, importance, budget, keep }: SelectInput): Selection {
  const left = groups.map(({ name, size }) => [
    ...(kept.get(name) ?? Array.from({ length: size }, (_, i) => i)),
  ])
  const counts = left.map((channels) => channels.length)
  const before = cost.total(counts)
  const least = groups.map(({ size }) => Math.max(1, Math.ceil(keep * size)))
  const candidates = groups
    .flatMap(({ name }, group) =>
      Array.from(importance.get(name) ?? [], (value, i) => ({ group, channel: left[group]![i]!, value })),
    )
    // ties by place, so that the choice does not depend on how a sort works
    .sort((a, b) => a.value - b.value || a.group - b.group || a.channel - b.channel)
  const gone = groups.map(() => new Set<number>())
  let [after, cut] = [before, 0]
  for (const { group, channel } of candidates) {
    if (before - after >= budget) break
    if (counts[group]! <= least[group]!) continue
    after -= cost.ofOne(group, counts)
    counts[group]!--
    gone[group]!.add(channel)
    cut++
  }
  const next = new Map<string, readonly number[]>()
  groups.forEach(({ name, size }, group) => {
    const channels = left[group]!.filter((channel) => !gone[group]!.has(channel))
    if (channels.length < size) next.set(name, channels)
  })
  return { kept: next, cut, before, after, reached: before - after >= budget }
}
