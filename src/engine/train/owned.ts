import type { NetworkGraph, PlainValue } from '../network/types'
import type { OwnedParameter } from '../strategies/types'

/** The graph with a strategy's own parameters beside those of its layers, and their values before step 0. */
export function addOwned(
  graph: NetworkGraph,
  owned: readonly OwnedParameter[],
): { graph: NetworkGraph; values: Map<string, PlainValue> } {
  const parameters = new Map(graph.parameters)
  const values = new Map<string, PlainValue>()
  for (const { info, initial } of owned) {
    if (parameters.has(info.name)) throw new Error(`two parameters have the name '${info.name}'`)
    const size = info.shape.reduce((a, b) => a * b, 1)
    if (initial.length !== size)
      throw new Error(`'${info.name}' [${info.shape}] starts with ${initial.length} values, not ${size}`)
    parameters.set(info.name, info)
    values.set(info.name, { shape: [...info.shape], data: initial })
  }
  return { graph: { ...graph, parameters }, values }
}

/** The graph without them. */
export function withoutOwned(graph: NetworkGraph): NetworkGraph {
  return { ...graph, parameters: new Map([...graph.parameters].filter(([, { owned }]) => !owned)) }
}
