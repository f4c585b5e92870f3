import { featureLayer } from '../network'
import type { LayerNode, NetworkGraph, ParameterInfo, PlainValue } from '../network/types'

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
