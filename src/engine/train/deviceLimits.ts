import type { ResolvedSpec } from '../../spec/schema'
import { ExitCode, UserError } from '../../spec/types'
import { beyondLimits, gpuLimits } from '../backend'
import { inputShapeOf, layerCosts } from '../network'
import type { NetworkGraph } from '../network/types'

/**
 * What the open GPU cannot hold, found before step 1: a tensor lies in one buffer, whose size is limited.
 * @param size side of the square input
 * @throws UserError that names the layer
 */
export function checkDeviceLimits(spec: ResolvedSpec, graph: NetworkGraph, size: number): void {
  const limits = gpuLimits()
  if (!limits) return
  const costs = layerCosts(graph, inputShapeOf(graph, size))
  const problem = beyondLimits(costs, spec.train.batchSize, limits)
  if (!problem) return
  const hint =
    problem.fits > 0
      ? `write ${problem.fits} or less (train.optimizer.accumulate keeps the effective size)`
      : 'write a smaller model.inputSize, or "backend": "wasm"'
  throw new UserError(`train.batchSize: ${problem.message}; ${hint}`, ExitCode.machineLacks)
}
