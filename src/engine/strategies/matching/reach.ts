import type { NetworkGraph } from '../../network/types'

/** All layers that outputs depend on, those themselves among them. */
export function layersBelow(graph: NetworkGraph, layers: readonly string[]): Set<string> {
  const inputs = new Map(graph.nodes.map((node) => [node.name, node.inputs]))
  const seen = new Set<string>()
  const pending = [...layers]
  while (pending.length > 0) {
    const name = pending.pop()!
    if (seen.has(name)) continue
    seen.add(name)
    pending.push(...inputs.get(name)!)
  }
  return seen
}

/** Names of all parameters that outputs of layers depend on. */
export function parametersBelow(graph: NetworkGraph, layers: readonly string[]): Set<string> {
  const below = layersBelow(graph, layers)
  return new Set(
    graph.nodes.flatMap(({ name, parameters }) => (below.has(name) ? Object.values(parameters) : [])),
  )
}
