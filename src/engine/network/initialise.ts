import type { RandomStream } from '../random'
import type { NetworkGraph, ParameterInfo, PlainValue } from './types'

const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1)

function fill(info: ParameterInfo, kind: string, random: RandomStream): Float32Array {
  const data = new Float32Array(size(info.shape))
  if (info.role === 'gamma' || info.role === 'variance') return data.fill(1)
  if (info.role !== 'kernel') return data
  if (kind === 'dense') {
    // N(0, 0.01), as torchvision's classifiers and the demo's head
    return data.map(() => random.normal() * 0.01)
  }
  // fan out of HWIO is h * w * out; of a depthwise kernel [h, w, c, m] it is h * w * m
  const [height, width, , out] = info.shape as [number, number, number, number]
  const std = Math.sqrt(2 / (height * width * out))
  return data.map(() => random.normal() * std)
}

/**
 * Fresh values for every parameter and buffer: He-normal by fan out for convolutions (arXiv 1502.01852, as in
 * torchvision), N(0, 0.01) for dense kernels, 1 and 0 for batch norm. Drawn in graph order.
 */
export function initialise(graph: NetworkGraph, random: RandomStream): Map<string, PlainValue> {
  const kinds = new Map(graph.nodes.map((node) => [node.name, node.op.kind]))
  return new Map(
    [...graph.parameters.values()].map((info) => [
      info.name,
      { shape: [...info.shape], data: fill(info, kinds.get(info.layer)!, random) },
    ]),
  )
}
