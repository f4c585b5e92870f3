import { featureLayer, HEAD_BIAS, HEAD_WEIGHT } from '../network'
import type { LayerNode, NetworkGraph, ParameterInfo, PlainValue, Role } from '../network/types'

/** Name of the fixed layer that standardises features before the head, see `ProbeSolve`. */
export const STANDARDISE_LAYER = 'head.standardise'

const MEAN = `${STANDARDISE_LAYER}.running_mean`
const VARIANCE = `${STANDARDISE_LAYER}.running_var`
const EPSILON = 1e-12

/**
 * Puts (x - mean) / std, a batch norm that never learns, between the features and the head. It starts as the identity.
 * @param features width of the features
 */
export function insertStandardisation(
  graph: NetworkGraph,
  features: number,
): { graph: NetworkGraph; values: Map<string, PlainValue> } {
  const before = featureLayer(graph)
  const at = graph.nodes.findIndex((node) => node.name === before)
  const names = {
    gamma: `${STANDARDISE_LAYER}.weight`,
    beta: `${STANDARDISE_LAYER}.bias`,
    mean: MEAN,
    variance: VARIANCE,
  }
  const layer: LayerNode = {
    name: STANDARDISE_LAYER,
    op: { kind: 'batchNorm', epsilon: EPSILON, momentum: 0 },
    inputs: [before],
    parameters: names,
    stage: 'head',
    block: '',
  }
  const after = graph.nodes.slice(at + 1).map((node) => ({
    ...node,
    inputs: node.inputs.map((name) => (name === before ? STANDARDISE_LAYER : name)),
  }))
  const parameters = new Map(graph.parameters)
  const values = new Map<string, PlainValue>()
  for (const [role, name] of Object.entries(names) as [keyof typeof names, string][]) {
    const one = role === 'gamma' || role === 'variance'
    const info: ParameterInfo = {
      name,
      layer: STANDARDISE_LAYER,
      role,
      buffer: role === 'mean' || role === 'variance',
      shape: [features],
      origin: 'as-is',
      pretrained: false,
    }
    parameters.set(name, info)
    values.set(name, { shape: [features], data: new Float32Array(features).fill(one ? 1 : 0) })
  }
  return {
    graph: { ...graph, nodes: [...graph.nodes.slice(0, at + 1), layer, ...after], parameters },
    values,
  }
}

/** Values of the layer for features of this mean and deviation. */
export function standardisationValues(mean: Float32Array, std: Float32Array): Map<string, Float32Array> {
  return new Map([
    [MEAN, mean],
    [VARIANCE, std.map((s) => Math.max(0, s * s - EPSILON))],
  ])
}

/**
 * The same network without the layer: its scales folded into the head, exact but for rounding. For a network that is
 * done; one that trains on keeps the layer (see `ProbeSolve`).
 */
export function foldStandardisation(
  graph: NetworkGraph,
  values: ReadonlyMap<string, PlainValue>,
): { graph: NetworkGraph; values: Map<string, PlainValue> } {
  const layer = graph.nodes.find((node) => node.name === STANDARDISE_LAYER)
  if (layer?.op.kind !== 'batchNorm') return { graph, values: new Map(values) }
  const { epsilon } = layer.op
  const of = (role: Role) => values.get(layer.parameters[role]!)!.data
  const [mean, variance, gamma, beta] = [of('mean'), of('variance'), of('gamma'), of('beta')]
  const weight = values.get(HEAD_WEIGHT)!
  const [width, classes] = weight.shape as [number, number]
  const kernel = new Float32Array(weight.data.length)
  const bias = Float64Array.from(values.get(HEAD_BIAS)!.data)
  for (let j = 0; j < width; j++) {
    const scale = gamma[j]! / Math.sqrt(variance[j]! + epsilon)
    for (let c = 0; c < classes; c++) {
      const w = weight.data[j * classes + c]!
      kernel[j * classes + c] = w * scale
      bias[c]! += w * (beta[j]! - mean[j]! * scale)
    }
  }
  const own = new Set(Object.values(layer.parameters))
  const rest = new Map([...values].filter(([name]) => !own.has(name)))
  rest.set(HEAD_WEIGHT, { shape: [width, classes], data: kernel })
  rest.set(HEAD_BIAS, { shape: [classes], data: Float32Array.from(bias) })
  const before = layer.inputs[0]!
  const nodes = graph.nodes
    .filter((node) => node !== layer)
    .map((node) => ({
      ...node,
      inputs: node.inputs.map((name) => (name === STANDARDISE_LAYER ? before : name)),
    }))
  const parameters = new Map([...graph.parameters].filter(([name]) => !own.has(name)))
  return { graph: { ...graph, nodes, parameters }, values: rest }
}
