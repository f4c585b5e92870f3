import { layerCosts } from './costs'
import type { ChannelMap } from './pruneGroups'
import { inferShapes } from './shapes'
import type { NetworkGraph } from './types'

/** Multiply-adds of one layer: `unit` for each pair of a channel read and a channel written. */
interface Term {
  unit: number
  /** Group and how often it is read; undefined where each channel is read by itself (depthwise). */
  read?: ReadonlyMap<number, number>
  /** Groups written. */
  written: readonly number[]
}

const countsOf = (parts: readonly number[]): Map<number, number> => {
  const counts = new Map<number, number>()
  for (const part of parts) counts.set(part, (counts.get(part) ?? 0) + 1)
  return counts
}

/**
 * Multiply-adds for one image of a network of which only some channels of each group are left, without making that
 * network: the same number as `layerCosts` gives for it.
 */
export class PrunedCost {
  private readonly terms: Term[] = []
  private readonly byGroup: Term[][]

  constructor(
    graph: NetworkGraph,
    { groups, outputs }: ChannelMap,
    inputShape: readonly [number, number, number] = graph.inputShape,
  ) {
    const shapes = inferShapes(graph, inputShape)
    const costs = new Map(layerCosts(graph, inputShape).map((cost) => [cost.layer, cost.multiplyAdds]))
    for (const node of graph.nodes) {
      const total = costs.get(node.name)!
      if (total === 0) continue
      const written = outputs.get(node.name)!
      const out = shapes.get(node.name)!.at(-1)!
      if (node.op.kind === 'depthwiseConv2d') {
        this.terms.push({ unit: total / out, written })
        continue
      }
      const read = outputs.get(node.inputs[0]!)!
      const channels = shapes.get(node.inputs[0]!)!.at(-1)!
      this.terms.push({ unit: total / out / channels, read: countsOf(read), written })
    }
    this.byGroup = groups.map((_, group) =>
      this.terms.filter(({ read, written }) => read?.has(group) || written.includes(group)),
    )
  }

  /** @param counts channels left, by group */
  total(counts: readonly number[]): number {
    return this.sum(this.terms, counts)
  }

  /** What leaves with one more channel of a group. */
  ofOne(group: number, counts: readonly number[]): number {
    const fewer = counts.map((count, i) => (i === group ? count - 1 : count))
    return this.sum(this.byGroup[group]!, counts) - this.sum(this.byGroup[group]!, fewer)
  }

  private sum(terms: readonly Term[], counts: readonly number[]): number {
    let sum = 0
    for (const { unit, read, written } of terms) {
      let out = 0
      for (const group of written) out += counts[group]!
      let channels = 1
      if (read) {
        channels = 0
        for (const [group, times] of read) channels += counts[group]! * times
      }
      sum += unit * channels * out
    }
    return sum
  }
}
