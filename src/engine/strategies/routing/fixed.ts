import type { LayerNode, NetworkGraph, PlainValue } from '../../network/types'
import type { Block } from './blocks'
import { frozenName } from './names'

/**
 * The plain graph that runs each block tuned (true) or frozen for every image: frozen blocks have the names of the
 * frozen branch.
 */
export function chooseBranches(
  graph: NetworkGraph,
  blocks: readonly Block[],
  tuned: readonly boolean[],
): NetworkGraph {
  const frozen = new Set(blocks.flatMap(({ layers }, i) => (tuned[i] ? [] : layers)))
  if (frozen.size === 0) return graph
  const name = (layer: string): string => (frozen.has(layer) ? frozenName(layer) : layer)
  const nodes = graph.nodes.map((node): LayerNode => {
    const own = frozen.has(node.name)
    const parameters = own
      ? Object.fromEntries(
          Object.entries(node.parameters).map(([role, parameter]) => [role, frozenName(parameter)]),
        )
      : node.parameters
    return { ...node, name: name(node.name), inputs: node.inputs.map(name), parameters }
  })
  return { ...graph, nodes, output: name(graph.output) }
}

/** Values of that network under the plain graph's own names. */
export function chosenValues(
  graph: NetworkGraph,
  blocks: readonly Block[],
  tuned: readonly boolean[],
  { values, w0 }: { values: ReadonlyMap<string, PlainValue>; w0: ReadonlyMap<string, PlainValue> },
): Map<string, PlainValue> {
  const frozen = new Set(blocks.flatMap(({ layers }, i) => (tuned[i] ? [] : layers)))
  return new Map(
    [...graph.parameters.values()].map(({ name, layer }) => [
      name,
      frozen.has(layer) ? (values.get(frozenName(name)) ?? w0.get(name)!) : values.get(name)!,
    ]),
  )
}
