import { inferShapes } from './shapes'
import type { LayerCost, LayerNode, NetworkGraph } from './types'

const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1)

function multiplyAdds({ op }: LayerNode, input: readonly number[], output: readonly number[]): number {
  if (op.kind === 'conv2d') return size(output) * op.kernel[0] * op.kernel[1] * input[2]!
  if (op.kind === 'depthwiseConv2d') return size(output) * op.kernel[0] * op.kernel[1]
  if (op.kind === 'dense') return input[0]! * op.units
  if (op.kind === 'recurrentCell') return (op.cell === 'lstm' ? 4 : 3) * op.units * (input[0]! + op.units)
  return 0
}

/** Shape of the square input of this side; the network's own when left out. */
export const inputShapeOf = (
  { inputShape }: Pick<NetworkGraph, 'inputShape'>,
  side: number = inputShape[0],
): [height: number, width: number, channels: number] => [side, side, inputShape[2]]

/**
 * Multiply-adds (of convolutions and dense layers, as papers count them), values of parameters and buffers, and
 * output values of each layer for one image.
 */
export function layerCosts(graph: NetworkGraph, inputShape = graph.inputShape): LayerCost[] {
  const shapes = inferShapes(graph, inputShape)
  return graph.nodes.map((node) => {
    const output = shapes.get(node.name)!
    const names = Object.values(node.parameters)
    return {
      layer: node.name,
      multiplyAdds: node.inputs.length > 0 ? multiplyAdds(node, shapes.get(node.inputs[0]!)!, output) : 0,
      parameters: names.reduce((sum, name) => sum + size(graph.parameters.get(name)!.shape), 0),
      activations: size(output),
    }
  })
}
