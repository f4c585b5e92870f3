import type { Histogram, TransTailorLayer } from '../../../events/pictures/transtailor'
import type { KeptChannels } from '../../network'
import type { LayerNode } from '../../network/types'
import { evenRanks } from '../../ranks'
import type { Layout } from './layout'

const MARKS = 40
const BINS = 16

const short = (value: number): number => Number(value.toPrecision(4))

/** What a round measured of each group before it cut. */
export interface Measured {
  /** Channels that were there, of the whole network. */
  kept: KeptChannels
  /** By group, in the order of what was there. */
  importance: ReadonlyMap<string, readonly number[]>
  /** Factors of the group's own convolution. */
  alpha: ReadonlyMap<string, readonly number[]>
}

/** Counts in equal bins; a range without width has all in the first. */
export function histogram(values: readonly number[]): Histogram {
  const low = values.reduce((a, b) => Math.min(a, b), Infinity)
  const high = values.reduce((a, b) => Math.max(a, b), -Infinity)
  const counts = new Array<number>(BINS).fill(0)
  const scale = high > low ? BINS / (high - low) : 0
  for (const value of values) counts[Math.min(BINS - 1, Math.floor((value - low) * scale))]!++
  return { low: short(low), high: short(high), counts }
}

/** A row for each group that can be cut. */
export function pictureLayers(
  { groups }: Layout,
  nodes: readonly LayerNode[],
  kept: KeptChannels,
  measured: Measured | undefined,
): TransTailorLayer[] {
  const byName = new Map(nodes.map((node) => [node.name, node]))
  return groups.map(({ name, size }) => {
    const node = byName.get(name)!
    const left = kept.get(name)
    const importance = measured?.importance.get(name)
    const there = measured?.kept.get(name)
    const alpha = measured?.alpha.get(name)
    const sorted = (importance ?? [])
      .map((value, i) => ({ value, channel: there ? there[i]! : i }))
      .sort((a, b) => b.value - a.value || a.channel - b.channel)
    const marks = evenRanks(sorted, MARKS)
    const stays = new Set(left)
    return {
      layer: name,
      stage: node.stage,
      block: node.block,
      filters: size,
      kept: left?.length ?? size,
      importance: marks.map(({ value }) => short(value)),
      keptMarks: marks.map(({ channel }) => !left || stays.has(channel)),
      ...(alpha && { alpha: histogram(alpha) }),
      ...(importance && { beta: histogram(importance) }),
    }
  })
}
