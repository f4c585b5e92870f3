import type { Tensor } from '@tensorflow/tfjs-core'
import { runGraph } from '../network'
import type { NetworkGraph, ParameterSource } from '../network/types'
import { floats } from '../optim/floats'
import type { RandomStream } from '../random'
import type { ActivePhase } from './plan'

/** Where a number stopped being one. */
export interface Origin {
  layer: string
  what: 'weights' | 'output' | 'gradient'
}

function isFinite(tensor: Tensor): boolean {
  const values = floats(tensor)
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return false
  return true
}

/**
 * The layer where not-a-number began on the batch that failed: the first layer upwards whose weights or output are
 * not finite, else the first one downwards whose gradient is not.
 */
export function findOrigin(
  graph: NetworkGraph,
  bank: ParameterSource,
  active: ActivePhase,
  images: Tensor,
  gradients: ReadonlyMap<string, Tensor>,
  dropout?: RandomStream,
): Origin | undefined {
  const names = graph.nodes.map((node) => node.name)
  const { output, hooks } = runGraph(graph, images, {
    parameters: bank,
    batchNorm: (layer) => active.mode(layer),
    hooks: names,
    dropout,
    onStatistics: (_layer, { mean, variance }) => [mean, variance].forEach((tensor) => tensor.dispose()),
  })
  try {
    for (const node of graph.nodes) {
      if (!Object.values(node.parameters).every((name) => isFinite(bank.get(name))))
        return { layer: node.name, what: 'weights' }
      if (!isFinite(hooks.get(node.name)!)) return { layer: node.name, what: 'output' }
    }
  } finally {
    const all = new Set([output, ...hooks.values()])
    for (const tensor of all) if (!tensor.isDisposed) tensor.dispose()
  }
  for (const node of [...graph.nodes].reverse())
    for (const name of Object.values(node.parameters)) {
      const gradient = gradients.get(name)
      if (gradient && !isFinite(gradient)) return { layer: node.name, what: 'gradient' }
    }
  return undefined
}
