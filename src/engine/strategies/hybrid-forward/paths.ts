import type { LayerNode, NetworkGraph, ParameterInfo, ParameterSource } from '../../network/types'
import { adapterAt, adapterNodes, type Net } from './adapters'
import type { Cut } from './cuts'
import type { Options } from './meta'

/** Which network computes each stage, bottom up. */
export type Route = readonly Net[]

/** Before the names of the teacher's layers and parameters in a path. */
export const TEACHER = 'teacher.'

export interface Structure {
  /** With the head of the task. */
  student: NetworkGraph
  teacher: NetworkGraph
  cuts: readonly Cut[]
  adapters: Options['adapters']
  /** Paths that were made, by route. */
  graphs: Map<string, NetworkGraph>
}

const other = (net: Net): Net => (net === 'student' ? 'teacher' : 'student')

/** The two hybrid paths: one begins in the student, the other in the teacher, and they change places at each crossing. */
export function routes(stages: number, crosses: (cut: number) => boolean = () => true): [Route, Route] {
  const first: Net[] = ['student']
  for (let cut = 0; cut < stages - 1; cut++) first.push(crosses(cut) ? other(first[cut]!) : first[cut]!)
  return [first, first.map(other)]
}

/** How many stages a route stays in the network that it begins in. */
export function stagesBeforeCrossing(route: Route): number {
  const crossing = route.findIndex((net) => net !== route[0])
  return crossing < 0 ? route.length : crossing
}

/** Name in a path of a layer of one of the networks. */
export const nameIn = (net: Net, layer: string): string => (net === 'teacher' ? TEACHER + layer : layer)

/**
 * The network of a path: stages of both in turn, adapters where it crosses and where it ends in the teacher, and the
 * student's head.
 */
export function pathGraph(structure: Structure, route: Route): NetworkGraph {
  const key = route.join()
  const known = structure.graphs.get(key)
  if (known) return known
  const made = makePath(structure, route)
  structure.graphs.set(key, made)
  return made
}

function makePath(structure: Structure, route: Route): NetworkGraph {
  const { student, teacher, cuts, adapters } = structure
  const graphs = { student, teacher }
  const nodes: LayerNode[] = []
  const parameters = new Map<string, ParameterInfo>(student.parameters)
  let output = ''
  const cross = (index: number, net: Net): void => {
    const adapter = adapterAt(cuts, index, net, { adapters })
    if (!adapter) return
    nodes.push(...adapterNodes(adapter, output))
    output = nodes.at(-1)!.name
  }
  /** Layers of a network above cut `from` up to cut `to`, behind what the path has so far. */
  const append = (net: Net, from: number, to: number): void => {
    const [before, last] = [cuts[from]?.[net].layer, cuts[to]?.[net].layer]
    const entry = output
    const name = (layer: string): string => (layer === before ? entry : nameIn(net, layer))
    nodes.push(...between(graphs[net], before, last).map((node) => renamed(node, net, name)))
    output = nameIn(net, last ?? graphs[net].output)
  }
  route.forEach((net, stage) => {
    if (stage > 0 && net !== route[stage - 1]) cross(stage - 1, net)
    append(net, stage - 1, stage)
  })
  if (route.at(-1) === 'teacher') cross(cuts.length - 1, 'student')
  append('student', cuts.length - 1, cuts.length)
  for (const info of teacher.parameters.values())
    parameters.set(TEACHER + info.name, { ...info, name: TEACHER + info.name, layer: TEACHER + info.layer })
  return {
    architecture: `hybrid(${student.architecture})`,
    nodes,
    output,
    inputShape: student.inputShape,
    parameters,
  }
}

/** Layers above `from` up to `to`; from the input and to the output where left out. */
function between(graph: NetworkGraph, from: string | undefined, to: string | undefined): LayerNode[] {
  const at = (layer: string) => graph.nodes.findIndex(({ name }) => name === layer)
  return graph.nodes.slice(from === undefined ? 0 : at(from) + 1, to === undefined ? undefined : at(to) + 1)
}

function renamed(node: LayerNode, net: Net, name: (layer: string) => string): LayerNode {
  const inputs = node.inputs.map(name)
  if (net === 'student') return { ...node, inputs }
  return {
    ...node,
    name: nameIn(net, node.name),
    // nothing of a teacher is left to chance
    op: node.op.kind === 'dropout' ? { kind: 'activation', activation: 'linear' } : node.op,
    inputs,
    parameters: Object.fromEntries(
      Object.entries(node.parameters).map(([role, parameter]) => [role, TEACHER + parameter]),
    ),
  }
}

/** Values of a path: the teacher's are its own, all else is the run's. */
export const valuesOf = (own: ParameterSource, teacher: ParameterSource): ParameterSource => ({
  get: (name) => (name.startsWith(TEACHER) ? teacher.get(name.slice(TEACHER.length)) : own.get(name)),
})
