import { UserError } from '../../spec/types'
import { inferStages } from './stages'
import { suggest } from './suggest'
import type { NetworkGraph } from './types'

/**
 * The layer that a stage's or layer's name stands for.
 * @throws UserError with the nearest name
 */
export function outputOf(graph: NetworkGraph, at: string): string {
  const stages = inferStages(graph)
  const stage = stages.find((candidate) => candidate.name === at)
  if (stage) return stage.output
  const names = graph.nodes.map((node) => node.name)
  if (names.includes(at)) return at
  const known = [...stages.map((candidate) => candidate.name), ...names]
  throw new UserError(
    `there is no stage or layer '${at}' in ${graph.architecture} to cut at; ${suggest(at, known)}`,
  )
}

/**
 * The part of a network that computes one layer's output; the rest and its parameters are left out.
 * @param at a stage (kept as the last one) or a layer
 */
export function cutGraph(graph: NetworkGraph, at: string): NetworkGraph {
  const output = outputOf(graph, at)
  const byName = new Map(graph.nodes.map((node) => [node.name, node]))
  const kept = new Set<string>()
  const visit = (name: string): void => {
    if (kept.has(name)) return
    kept.add(name)
    byName.get(name)!.inputs.forEach(visit)
  }
  visit(output)
  const nodes = graph.nodes.filter((node) => kept.has(node.name))
  const parameters = new Map([...graph.parameters].filter(([, info]) => kept.has(info.layer)))
  return { ...graph, nodes, output, parameters }
}

/** The network without its classifier: cut after the last stage before `head`. */
export function backboneOf(graph: NetworkGraph): NetworkGraph {
  const stages = inferStages(graph)
  const last = stages.at(-1)!
  return last.name === 'head' && stages.length > 1 ? cutGraph(graph, stages.at(-2)!.name) : graph
}
