import { tf } from '../backend'
import type { NetworkGraph, ParameterBank } from '../network/types'
import type { ObjectiveResult } from './objective'

/**
 * Moves the running statistics as PyTorch does: running = (1 - m) running + m batch, the variance with Bessel's
 * correction n / (n - 1). Only batch norms in mode `train` are among the statistics. `replaced` (0 to 1) stands in for each layer's own momentum.
 */
export function applyStatistics(
  graph: NetworkGraph,
  bank: ParameterBank,
  statistics: ObjectiveResult['statistics'],
  replaced?: number,
): void {
  const nodes = new Map(graph.nodes.map((node) => [node.name, node]))
  for (const [layer, { mean, variance, count }] of statistics) {
    const node = nodes.get(layer)!
    if (node.op.kind !== 'batchNorm') continue
    const momentum = replaced ?? node.op.momentum
    const move = (name: string, batch: typeof mean, scale: number) =>
      bank.set(
        name,
        tf.tidy(() => tf.add(tf.mul(bank.get(name), 1 - momentum), tf.mul(batch, momentum * scale))),
      )
    move(node.parameters.mean!, mean, 1)
    move(node.parameters.variance!, variance, count > 1 ? count / (count - 1) : 1)
  }
}
