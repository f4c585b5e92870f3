import type { NetworkLayer, NetworkTable } from '../../events/artifacts'
import { inputShapeOf, layerCosts } from '../network/costs'
import { inferShapes } from '../network/shapes'
import type { LayerOp, NetworkGraph } from '../network/types'

/** The network as views show it: every layer with what it reads, its output's shape for one image and what it costs. */
export function networkTable(graph: NetworkGraph, side: number, step: number): NetworkTable {
  const input = inputShapeOf(graph, side)
  const shapes = inferShapes(graph, input)
  const costs = layerCosts(graph, input)
  const index = new Map(graph.nodes.map(({ name }, i) => [name, i]))
  const layers = graph.nodes.map(({ name, op, stage, block, inputs }, i): NetworkLayer => ({
    ...{ name, stage, block, kind: op.kind, about: about(op) },
    inputs: inputs.map((one) => index.get(one)!),
    shape: [...shapes.get(name)!],
    parameters: costs[i]!.parameters,
    multiplyAdds: costs[i]!.multiplyAdds,
  }))
  return { v: 1, step, architecture: graph.architecture, layers }
}

const by = ([height, width]: readonly [number, number]): string => `${height}×${width}`

/** What tells an operation from others of its kind: `3×3, stride 2`. */
function about(op: LayerOp): string {
  switch (op.kind) {
    case 'conv2d':
    case 'depthwiseConv2d': {
      const [stride, dilation] = [Math.max(...op.strides), Math.max(...(op.dilations ?? [1]))]
      return [by(op.kernel), stride > 1 && `stride ${stride}`, dilation > 1 && `dilation ${dilation}`]
        .filter(Boolean)
        .join(', ')
    }
    case 'maxPool':
    case 'avgPool':
      return `${by(op.size)}, stride ${Math.max(...op.strides)}`
    case 'activation':
      return op.activation
    case 'dropout':
      return `rate ${op.rate}`
    case 'recurrentCell':
      return op.cell
    default:
      return ''
  }
}
