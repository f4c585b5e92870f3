import { UserError } from '../../../spec/types'
import { inferShapes, suggest } from '../../network'
import type { LayerNode, NetworkGraph, Stage } from '../../network/types'
import { stageByLayer } from '../stages'
import type { Options } from './meta'

export interface Hook {
  layer: string
  /** Name of the kernel's bias, where it has one. */
  bias?: string
  channels: number
  stage: string
}

const isConvolution = ({ op }: LayerNode): boolean => op.kind === 'conv2d' || op.kind === 'depthwiseConv2d'

/** Most convolutions on a way from the input to each layer's output: a block's last one is deeper than its shortcut's. */
function depths(graph: NetworkGraph): ReadonlyMap<string, number> {
  const depth = new Map<string, number>()
  for (const node of graph.nodes) {
    const below = Math.max(0, ...node.inputs.map((input) => depth.get(input)!))
    depth.set(node.name, below + Number(isConvolution(node)))
  }
  return depth
}

/**
 * Convolutions whose raw outputs, before batch norm and sum, are compared: those named, or the last of each stage with
 * pre-trained weights (strategies.md section 2.1).
 * @throws UserError where there is none, or a name is no convolution
 */
export function hooksOf(
  graph: NetworkGraph,
  stages: readonly Stage[],
  { hooks }: Pick<Options, 'hooks'>,
): Hook[] {
  const nodes = new Map(graph.nodes.map((node) => [node.name, node]))
  const shapes = inferShapes(graph)
  const stageOf = stageByLayer(stages)
  const hookOf = (node: LayerNode): Hook => ({
    layer: node.name,
    ...(node.parameters.bias && { bias: node.parameters.bias }),
    channels: shapes.get(node.name)!.at(-1)!,
    stage: stageOf.get(node.name) ?? '',
  })
  if (hooks)
    return hooks.map((name) => {
      const node = nodes.get(name)
      if (node && isConvolution(node)) return hookOf(node)
      const known = graph.nodes.filter(isConvolution).map((one) => one.name)
      throw new UserError(
        `strategy.hooks: "${name}" is no convolution of ${graph.architecture}; ${suggest(name, known)}`,
      )
    })
  const depth = depths(graph)
  const last = stages.flatMap(({ layers }) => {
    const own = layers.map((layer) => nodes.get(layer)!).filter((node) => node && isConvolution(node))
    const deepest = Math.max(...own.map(({ name }) => depth.get(name)!))
    const last = own.findLast(({ name }) => depth.get(name) === deepest)
    return last ? [last] : []
  })
  // the stem's map is the picture's, not the task's: the paper hooks the residual stages
  const above = last.length > 1 ? last.filter((node) => stageOf.get(node.name) !== 'stem') : last
  if (above.length === 0)
    throw new UserError(
      `strategy: delta compares feature maps of convolutions, and ${graph.architecture} has none; "l2-sp" holds the weights of any network`,
    )
  return above.map(hookOf)
}
