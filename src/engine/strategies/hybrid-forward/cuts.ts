import { UserError } from '../../../spec/types'
import { inferShapes, inferStages, inputShapeOf, outputOf, reductions, suggest, trunkOf } from '../../network'
import type { NetworkGraph } from '../../network/types'
import type { Options } from './meta'

type MapShape = readonly [height: number, width: number, channels: number]

/** Where both networks end their k-th stage, and what comes out there. */
export interface Cut {
  student: { layer: string; shape: MapShape }
  teacher: { layer: string; shape: MapShape }
}

/** A network's places to be cut: layers that every way from input to output passes, and whose output is a map. */
interface Places {
  graph: NetworkGraph
  /** Bottom up, by position in `graph.nodes`. */
  trunk: readonly { layer: string; position: number; shape: MapShape; pool: boolean }[]
  /** Side of the input over the map's, before each down-sampling above the stem. */
  downSamplings: ReadonlyMap<number, string>
}

/**
 * The K stages of both networks, by what ends each; the last is the last map before the head.
 * @param side of the square input that both see
 * @throws UserError where the networks have nothing to match, or a named cut cannot be one
 */
export function cutsOf(
  student: NetworkGraph,
  teacher: NetworkGraph,
  side: number,
  { cuts }: Pick<Options, 'cuts'>,
): Cut[] {
  const [own, other] = [placesOf(student, side), placesOf(teacher, side)]
  const at = ({ trunk }: Places, layer: string) => trunk.find((place) => place.layer === layer)!
  const pairs = Array.isArray(cuts) ? named(own, other, cuts) : matched(own, other, cuts)
  const ends = [...pairs, { student: own.trunk.at(-1)!.layer, teacher: other.trunk.at(-1)!.layer }]
  return ends.map((pair) => ({ student: at(own, pair.student), teacher: at(other, pair.teacher) }))
}

function placesOf(graph: NetworkGraph, side: number): Places {
  const shapes = inferShapes(graph, inputShapeOf(graph, side))
  const positions = new Map(graph.nodes.map(({ name }, i) => [name, i]))
  const weighted = graph.nodes.findIndex(({ parameters }) => Object.keys(parameters).length > 0)
  const trunk = trunkOf(graph)
    .map(({ node }) => ({
      layer: node.name,
      position: positions.get(node.name)!,
      shape: shapes.get(node.name)! as MapShape,
      pool: node.op.kind === 'maxPool' || node.op.kind === 'avgPool' || node.op.kind === 'zeroPad',
      head: node.stage === 'head',
    }))
    .filter(({ shape, position, head }) => shape.length === 3 && position >= weighted && !head)
  if (trunk.length === 0)
    throw new UserError(
      `strategy: hybrid-forward crosses between maps of convolutions, and ${graph.architecture} has none; "l2-sp" holds the weights of any network`,
    )
  return { graph, trunk, downSamplings: downSamplingsOf(graph, trunk) }
}

/** Last layer of the trunk before each down-sampling between two stages, by the reduction there. */
function downSamplingsOf(graph: NetworkGraph, trunk: Places['trunk']): Map<number, string> {
  const reduction = reductions(graph)
  const stages = inferStages(graph).filter(({ name }) => name !== 'stem' && name !== 'head')
  const found = new Map<number, string>()
  stages.slice(0, -1).forEach(({ output }, i) => {
    if (reduction.get(stages[i + 1]!.output)! <= reduction.get(output)!) return
    let at = trunk.findIndex(({ layer }) => layer === output)
    // a pooling that closes a stage is its successor's down-sampling
    while (at > 0 && trunk[at]!.pool) at--
    if (at >= 0) found.set(reduction.get(trunk[at]!.layer)!, trunk[at]!.layer)
  })
  return found
}

function matched(own: Places, other: Places, count: number | undefined) {
  if (count === 0) return []
  const common = [...own.downSamplings.keys()].filter((reduction) => other.downSamplings.has(reduction))
  if (common.length === 0)
    throw new UserError(
      `strategy.cuts: ${own.graph.architecture} and ${other.graph.architecture} have no down-sampling in common to be cut at; name layers, for example ${example(own, other)}`,
    )
  const wanted = count ?? common.length
  if (wanted > common.length)
    throw new UserError(
      `strategy.cuts: both networks have ${common.length} down-samplings in common, not ${wanted}; write a number from 0 to ${common.length}, or name layers`,
    )
  const chosen = Array.from({ length: wanted }, (_, i) =>
    Math.round(((i + 1) * (common.length + 1)) / (wanted + 1) - 1),
  )
  return chosen.map((i) => ({
    student: own.downSamplings.get(common[i]!)!,
    teacher: other.downSamplings.get(common[i]!)!,
  }))
}

const middle = ({ trunk }: Places): string => trunk[Math.floor(trunk.length / 2)]!.layer

const example = (own: Places, other: Places): string =>
  `[{"student": "${middle(own)}", "teacher": "${middle(other)}"}]`

function named(own: Places, other: Places, cuts: readonly { student: string; teacher: string }[]) {
  const found = cuts.map(({ student, teacher }, i) => ({
    student: layerOf(own, student, `strategy.cuts[${i}].student`),
    teacher: layerOf(other, teacher, `strategy.cuts[${i}].teacher`),
  }))
  for (const [net, places] of [
    ['student', own],
    ['teacher', other],
  ] as const) {
    const positions = found.map((pair) => places.trunk.findIndex(({ layer }) => layer === pair[net]))
    const last = places.trunk.length - 1
    positions.forEach((position, i) => {
      if (position > (positions[i - 1] ?? -1) && position < last) return
      throw new UserError(
        `strategy.cuts[${i}].${net}: "${found[i]![net]}" is ${position === last ? 'where the last stage ends anyway' : `not above "${found[i - 1]![net]}"`}; name layers bottom up, below "${places.trunk[last]!.layer}"`,
      )
    })
  }
  return found
}

function layerOf({ graph, trunk }: Places, at: string, field: string): string {
  let layer: string
  try {
    layer = outputOf(graph, at)
  } catch (error) {
    throw error instanceof UserError ? new UserError(`${field}: ${error.message}`) : error
  }
  if (trunk.some((place) => place.layer === layer)) return layer
  throw new UserError(
    `${field}: not all of ${graph.architecture} goes through "${layer}", or its output is no map; ${suggest(
      layer,
      trunk.map((place) => place.layer),
    )}`,
  )
}
