import type { LayerNode, LayerOp, NetworkGraph, ParameterInfo } from '../../network/types'
import { frozenName } from './names'

/** A part of the network of which a frozen copy runs beside it. */
export interface Branch {
  layers: readonly string[]
  output: string
  /** Layer that gives the gates, and its column where one gate decides for all channels. */
  gates: string
  gate?: number
}

/** Name of the layer that puts a branch and its frozen copy together. */
export const mixName = (output: string): string => `${output}.mix`

/**
 * A graph in which each branch is there twice, as it was and as `frozen.` copy, with a `mix` layer whose output the
 * rest reads instead. `before` gives layers that a layer of the graph must come after: the network that decides.
 */
export function addBranches(
  graph: NetworkGraph,
  branches: readonly Branch[],
  before: (node: LayerNode, input: (name: string) => string) => readonly LayerNode[],
  parameters: readonly ParameterInfo[],
): NetworkGraph {
  const branchOf = new Map(branches.flatMap((branch) => branch.layers.map((layer) => [layer, branch])))
  const mixed = new Map<string, string>()
  const input = (name: string): string => mixed.get(name) ?? name
  const nodes: LayerNode[] = []
  const copied = new Set<string>()
  for (const node of graph.nodes) {
    nodes.push(...before(node, input))
    nodes.push({ ...node, inputs: node.inputs.map(input) })
    const branch = branchOf.get(node.name)
    if (!branch) continue
    const own = new Set(branch.layers)
    Object.values(node.parameters).forEach((name) => copied.add(name))
    nodes.push({
      ...node,
      name: frozenName(node.name),
      inputs: node.inputs.map((name) => (own.has(name) ? frozenName(name) : input(name))),
      parameters: Object.fromEntries(
        Object.entries(node.parameters).map(([role, name]) => [role, frozenName(name)]),
      ),
    })
    if (node.name !== branch.output) continue
    const op: LayerOp = branch.gate === undefined ? { kind: 'mix' } : { kind: 'mix', gate: branch.gate }
    const inputs = [frozenName(node.name), node.name, branch.gates]
    const { stage, block } = node
    nodes.push({ name: mixName(node.name), op, inputs, parameters: {}, stage, block })
    mixed.set(node.name, mixName(node.name))
  }
  const infos = new Map(graph.parameters)
  for (const name of copied) {
    const info = graph.parameters.get(name)!
    const copy = { ...info, name: frozenName(name), layer: frozenName(info.layer) }
    if (!infos.has(copy.name)) infos.set(copy.name, copy)
  }
  for (const info of parameters) infos.set(info.name, info)
  return { ...graph, nodes, output: input(graph.output), parameters: infos }
}
