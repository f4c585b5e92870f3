import type { NetworkGraph, ParameterSource } from '../network/types'
import { floats } from '../optim/floats'

/**
 * How far the running mean of a batch norm has gone by channel, in the standard deviations of w0: (mean - mean in w0) /
 * sqrt(variance in w0 + eps). Undefined for a layer that is none, or keeps no statistics.
 */
export function channelDrift(
  layer: string,
  { graph, bank, w0 }: { graph: NetworkGraph; bank: ParameterSource; w0: ParameterSource },
): number[] | undefined {
  const node = graph.nodes.find(({ name }) => name === layer)
  if (node?.op.kind !== 'batchNorm' || !node.parameters.mean || !node.parameters.variance) return undefined
  const { epsilon } = node.op
  const [now, then] = [floats(bank.get(node.parameters.mean)), floats(w0.get(node.parameters.mean))]
  const variance = floats(w0.get(node.parameters.variance))
  // asked for at every measured step, where Array.from is ten times slower
  const drift = new Array<number>(now.length)
  for (let i = 0; i < now.length; i++) drift[i] = (now[i]! - then[i]!) / Math.sqrt(variance[i]! + epsilon)
  return drift
}
