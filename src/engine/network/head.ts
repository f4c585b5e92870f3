import { UserError } from '../../spec/types'
import { inferShapes } from './shapes'
import type { HeadOptions, LayerNode, NetworkGraph, ParameterInfo, PlainValue } from './types'

/** Names of the head's parameters, in every network that `attachHead` made. */
export const HEAD_WEIGHT = 'head.weight'
export const HEAD_BIAS = 'head.bias'

/**
 * Puts a new classifier on a backbone: global average pooling when the output is spatial, dropout, and a dense
 * layer `head` from N(0, std) with bias 0.
 * @returns the graph and the new parameters' values, `head.weight` as [features, classes]
 */
export function attachHead(
  graph: NetworkGraph,
  { classes, dropout, std, random }: HeadOptions,
): { graph: NetworkGraph; values: Map<string, PlainValue> } {
  if (!Number.isInteger(classes) || classes < 1)
    throw new UserError(`a head needs at least 1 class, got ${classes}`)
  const taken = graph.nodes.find((node) => node.name === 'head' || node.name.startsWith('head.'))
  if (taken)
    throw new UserError(`the network already has a layer '${taken.name}': cut it before attaching a head`)
  const shape = inferShapes(graph).get(graph.output)!
  const nodes: LayerNode[] = [...graph.nodes]
  let output = graph.output
  const append = (name: string, op: LayerNode['op'], parameters: LayerNode['parameters'] = {}): void => {
    nodes.push({ name, op, inputs: [output], parameters, stage: 'head', block: '' })
    output = name
  }
  if (shape.length === 3) append('head.pool', { kind: 'globalAveragePool' })
  const features = shape.at(-1)!
  if (dropout > 0) append('head.dropout', { kind: 'dropout', rate: dropout })
  append('head', { kind: 'dense', units: classes, bias: true }, { kernel: HEAD_WEIGHT, bias: HEAD_BIAS })
  const info = (name: string, role: 'kernel' | 'bias', dims: number[]): [string, ParameterInfo] => [
    name,
    {
      name,
      layer: 'head',
      role,
      buffer: false,
      shape: dims,
      origin: role === 'kernel' ? '[out,in]' : 'as-is',
      pretrained: false,
    },
  ]
  const parameters = new Map([
    ...graph.parameters,
    info(HEAD_WEIGHT, 'kernel', [features, classes]),
    info(HEAD_BIAS, 'bias', [classes]),
  ])
  const weight = Float32Array.from({ length: features * classes }, () => random.normal() * std)
  return {
    graph: { ...graph, nodes, output, parameters },
    values: new Map([
      [HEAD_WEIGHT, { shape: [features, classes], data: weight }],
      [HEAD_BIAS, { shape: [classes], data: new Float32Array(classes) }],
    ]),
  }
}

/** The layer whose output the head's dense layer reads, dropout aside: what a linear probe calls features. */
export function featureLayer(graph: NetworkGraph): string {
  const byName = new Map(graph.nodes.map((node) => [node.name, node]))
  let node = byName.get(graph.output)!
  while (node.op.kind === 'activation') node = byName.get(node.inputs[0]!)!
  if (node.op.kind !== 'dense') throw new UserError(`${graph.architecture} does not end in a dense layer`)
  node = byName.get(node.inputs[0]!)!
  while (node.op.kind === 'dropout') node = byName.get(node.inputs[0]!)!
  return node.name
}
