import { UserError } from '../../../spec/types'
import { inferShapes, inferStages, inputShapeOf, suggest } from '../../network'
import type { NetworkGraph } from '../../network/types'
import type { NetworkContext } from '../types'

/** A feature map that can be compared: the output of a stage or of a layer. */
export interface Point {
  /** As a run file names it, and as parameters are named after it. */
  name: string
  layer: string
  /** [height, width, channels] */
  shape: readonly [number, number, number]
}

type Shapes = ReadonlyMap<string, readonly number[]>
const isMap = (shape: readonly number[] | undefined): shape is Point['shape'] => shape?.length === 3

/** The points of one network, at the input size of the run. */
export class Points {
  private constructor(
    private readonly graph: NetworkGraph,
    private readonly shapes: Shapes,
    /** Outputs of the last stage of each resolution, bottom up, the stem left out where more follows. */
    readonly all: readonly Point[],
  ) {}

  /** @throws UserError where the network does not take the input size, or has no feature map above it */
  static of(graph: NetworkGraph, side: number | undefined, field: string): Points {
    const shapes = shapesOf(graph, side, field)
    const stages = inferStages(graph).flatMap(({ name, output }): Point[] => {
      const shape = shapes.get(output)
      return name !== 'head' && isMap(shape) ? [{ name, layer: output, shape }] : []
    })
    const above = stages.length > 1 ? stages.filter(({ name }) => name !== 'stem') : stages
    const all = above.filter((point, i) => {
      const next = above[i + 1]
      return !next || next.shape[0] !== point.shape[0] || next.shape[1] !== point.shape[1]
    })
    if (all.length === 0)
      throw new UserError(
        `${field}: ${graph.architecture} has no feature map [height, width, channels] to compare; name a convolutional network, or use "full"`,
      )
    return new Points(graph, shapes, all)
  }

  /** A stage or a layer by name. @throws UserError with the nearest name */
  named(name: string, field: string): Point {
    const stages = inferStages(this.graph)
    const layer = stages.find((stage) => stage.name === name)?.output ?? name
    const shape = this.shapes.get(layer)
    if (isMap(shape)) return { name, layer, shape }
    const maps = this.graph.nodes.map((node) => node.name).filter((other) => isMap(this.shapes.get(other)))
    const known = [...stages.map((stage) => stage.name).filter((stage) => stage !== 'head'), ...maps]
    throw new UserError(
      shape
        ? `${field}: "${name}" of ${this.graph.architecture} is no feature map [height, width, channels]; the last one is "${this.all.at(-1)!.name}"`
        : `${field}: ${this.graph.architecture} has no stage or layer "${name}"; ${suggest(name, known)}`,
    )
  }

  /** Names of layers in the order of the graph, the topmost last. */
  inOrder(layers: Iterable<string>): string[] {
    const wanted = new Set(layers)
    return this.graph.nodes.map(({ name }) => name).filter((name) => wanted.has(name))
  }
}

function shapesOf(graph: NetworkGraph, side: number | undefined, field: string): Shapes {
  try {
    return inferShapes(graph, inputShapeOf(graph, side))
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    throw new UserError(
      `${field}: ${graph.architecture} does not take the run's input of ${side} pixels: ${error.message}`,
    )
  }
}

/** Points of student and teacher of a run. */
export function bothPoints({ graph, spec, teacher }: Pick<NetworkContext, 'graph' | 'spec' | 'teacher'>): {
  student: Points
  teacher: Points
} {
  const side = spec.model.inputSize ?? graph.inputShape[0]
  return {
    student: Points.of(graph, side, 'model'),
    teacher: Points.of(teacher!, side, 'strategy.teacher'),
  }
}
