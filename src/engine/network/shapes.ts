import { UserError } from '../../spec/types'
import type { Padding } from '../backend/types'
import type { LayerOp, NetworkGraph } from './types'

type Pair = readonly [number, number]
type Shape = readonly number[]

function side(size: number, kernel: number, stride: number, before: number, after: number): number {
  return Math.floor((size + before + after - kernel) / stride) + 1
}

/** Output rows and columns of a window that slides over [height, width, …]. */
function windowOutput(
  input: Shape,
  kernel: Pair,
  strides: Pair,
  padding: Padding,
  dilations: Pair = [1, 1],
): Pair {
  const [height, width] = input as [number, number]
  const reach = [(kernel[0] - 1) * dilations[0] + 1, (kernel[1] - 1) * dilations[1] + 1] as const
  if (padding === 'same') return [Math.ceil(height / strides[0]), Math.ceil(width / strides[1])]
  const [top, bottom, left, right] = padding === 'valid' ? [0, 0, 0, 0] : padding
  return [side(height, reach[0], strides[0], top, bottom), side(width, reach[1], strides[1], left, right)]
}

function sameShape(shapes: readonly Shape[], layer: string): Shape {
  const first = shapes[0]!
  // a gate of [1, 1, c] or [c] is spread over [h, w, c]
  const widest = shapes.reduce((a, b) => (product(b) > product(a) ? b : a), first)
  for (const shape of shapes) {
    const fits =
      shape.length <= widest.length &&
      shape.every((n, i) => n === 1 || n === widest[widest.length - shape.length + i])
    if (!fits)
      throw new UserError(
        `layer '${layer}' merges outputs of shapes ${shapes.map((s) => `[${s}]`).join(' and ')}`,
      )
  }
  return widest
}

const product = (shape: Shape): number => shape.reduce((a, b) => a * b, 1)

function concatShape(shapes: readonly Shape[], layer: string): Shape {
  const [first, ...rest] = shapes as [Shape, ...Shape[]]
  for (const shape of rest) {
    if (shape.length !== first.length || shape.slice(0, -1).some((n, i) => n !== first[i])) {
      throw new UserError(`layer '${layer}' joins outputs of shapes [${first}] and [${shape}]`)
    }
  }
  return [...first.slice(0, -1), shapes.reduce((sum, shape) => sum + shape.at(-1)!, 0)]
}

function computeShape(op: LayerOp, inputs: readonly Shape[], layer: string): Shape {
  const x = inputs[0] ?? []
  switch (op.kind) {
    case 'input':
      return op.shape
    case 'conv2d':
      return [...windowOutput(x, op.kernel, op.strides, op.padding, op.dilations), op.filters]
    case 'depthwiseConv2d':
      return [...windowOutput(x, op.kernel, op.strides, op.padding, op.dilations), x[2]! * op.multiplier]
    case 'maxPool':
    case 'avgPool':
      return [...windowOutput(x, op.size, op.strides, op.padding), x[2]!]
    case 'dense':
      return [op.units]
    case 'globalAveragePool':
      return [x.at(-1)!]
    case 'zeroPad': {
      const [top, bottom, left, right] = op.padding
      return [x[0]! + top + bottom, x[1]! + left + right, x[2]!]
    }
    case 'add':
    case 'multiply':
      return sameShape(inputs, layer)
    case 'concat':
      return concatShape(inputs, layer)
    case 'flatten':
      return [product(x)]
    case 'padChannels':
      return [...x.slice(0, -1), x.at(-1)! + op.channels]
    case 'resize':
      return [...op.size, x.at(-1)!]
    case 'recurrentCell':
      return [op.units * (op.cell === 'lstm' ? 2 : 1)]
    case 'hidden':
      return [op.units]
    case 'decide':
      return op.form === 'pair' ? [x[0]! / 2] : x
    case 'mix':
      return sameShape(inputs.slice(0, 2), layer)
    case 'reshape': {
      const known = product(op.shape.filter((n) => n >= 0))
      return op.shape.map((n) => (n < 0 ? product(x) / known : n))
    }
    default:
      return x
  }
}

const SPATIAL: ReadonlySet<LayerOp['kind']> = new Set([
  'conv2d',
  'depthwiseConv2d',
  'maxPool',
  'avgPool',
  'globalAveragePool',
  'zeroPad',
  'resize',
])

/**
 * Shape of a layer's output without the batch dimension.
 * @throws UserError when the inputs do not fit, or when nothing would be left of the picture.
 */
export function outputShape(op: LayerOp, inputs: readonly Shape[], layer: string): Shape {
  if (SPATIAL.has(op.kind) && inputs[0]!.length !== 3) {
    throw new UserError(`layer '${layer}' (${op.kind}) needs [height, width, channels], got [${inputs[0]}]`)
  }
  if (op.kind === 'dense' && inputs[0]!.length !== 1) {
    throw new UserError(
      `layer '${layer}' (dense) needs one dimension, got [${inputs[0]}]; flatten or pool first`,
    )
  }
  const shape = computeShape(op, inputs, layer)
  if (shape.some((n) => !Number.isInteger(n) || n < 1)) {
    throw new UserError(
      `at layer '${layer}' nothing is left of the input: shape [${shape}]; use a larger input size`,
    )
  }
  return shape
}

/** Shapes of all outputs by layer, without the batch dimension, for the graph's input size or another. */
export function inferShapes(graph: NetworkGraph, inputShape = graph.inputShape): Map<string, Shape> {
  const shapes = new Map<string, Shape>()
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((name) => shapes.get(name)!)
    shapes.set(node.name, node.op.kind === 'input' ? inputShape : outputShape(node.op, inputs, node.name))
  }
  return shapes
}
