import type { NetworkGraph } from '../../network/types'

/** Names of all parameters that the outputs of layers depend on. */
export function dependents(graph: NetworkGraph, layers: readonly string[]): Set<string> {
  const nodes = new Map(graph.nodes.map((node) => [node.name, node]))
  const seen = new Set<string>()
  const pending = [...layers]
  while (pending.length > 0) {
    const name = pending.pop()!
    if (seen.has(name)) continue
    seen.add(name)
    pending.push(...nodes.get(name)!.inputs)
  }
  return new Set([...seen].flatMap((name) => Object.values(nodes.get(name)!.parameters)))
}
