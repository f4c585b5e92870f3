import type { NetworkGraph, ParameterInfo, ParameterSource } from '../../network/types'

/** Before the names of layers and parameters of the frozen branch. */
export const FROZEN = 'frozen.'

export const frozenName = (name: string): string => `${FROZEN}${name}`

/**
 * Values of a network with two branches: `frozen.X` is the strategy's own parameter of that name where there is one,
 * else the pre-trained value of X; all else is the bank's.
 */
export function twoBranches(
  graph: NetworkGraph,
  bank: ParameterSource,
  w0: ParameterSource,
): ParameterSource {
  return {
    get: (name) =>
      name.startsWith(FROZEN) && !graph.parameters.has(name)
        ? w0.get(name.slice(FROZEN.length))
        : bank.get(name),
  }
}

/** The frozen branch's own batch norms, for one that adapts them: scale, shift and running statistics. */
export function ownNorms(graph: NetworkGraph, layers: Iterable<string>): ParameterInfo[] {
  const wanted = new Set(layers)
  const norms = new Set(
    graph.nodes.filter(({ name, op }) => wanted.has(name) && op.kind === 'batchNorm').map(({ name }) => name),
  )
  return [...graph.parameters.values()]
    .filter(({ layer }) => norms.has(layer))
    .map((info) => ({
      ...info,
      name: frozenName(info.name),
      layer: frozenName(info.layer),
      owned: { stage: 'frozen branch', kind: 'batchNorm' },
    }))
}
