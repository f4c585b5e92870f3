import type { LayerNode, NetworkGraph } from './types'

/** One layer that every path passes, with the layers of the branches that it closes. */
export interface TrunkItem {
  node: LayerNode
  /** Layers between the trunk's layer before and this one, in topological order. */
  branch: readonly LayerNode[]
  /** Closes a residual or a concatenation (gates by multiplication are part of a block). */
  merge: boolean
}

/**
 * The layers that every path from input to output passes: in topological order, those that no edge jumps over.
 */
export function trunkOf(graph: NetworkGraph): TrunkItem[] {
  const position = new Map(graph.nodes.map((node, i) => [node.name, i]))
  const items: TrunkItem[] = []
  // reach[i]: the farthest consumer of any layer before i
  let reach = 0
  const farthest = graph.nodes.map((_, i) => i)
  graph.nodes.forEach((node, i) => {
    for (const input of node.inputs) farthest[position.get(input)!] = i
  })
  let branch: LayerNode[] = []
  graph.nodes.forEach((node, i) => {
    if (reach <= i) {
      const merge = node.inputs.length > 1 && (node.op.kind === 'add' || node.op.kind === 'concat')
      items.push({ node, branch, merge })
      branch = []
    } else branch.push(node)
    reach = Math.max(reach, farthest[i]!)
  })
  return items
}
