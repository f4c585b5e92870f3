import type { Tensor } from '@tensorflow/tfjs-core'
import { ops, tf, valueAndGradients } from '../backend'
import { runGraph } from '../network'
import type { BatchStatistics, NetworkGraph, ParameterBank, ParameterSource } from '../network/types'
import type { RandomStream } from '../random'
import type { ActivePhase } from './plan'

export interface ObjectiveInput {
  graph: NetworkGraph
  active: ActivePhase
  bank: ParameterBank
  w0: ParameterSource
  /** Pixels, or the output of `from`. */
  x: Tensor
  from?: string
  /** int32 [n]. */
  labels: Tensor
  dropout?: RandomStream
}

/** All tensors are the caller's to dispose. */
export interface ObjectiveResult {
  /** The loss's parts in the order of `names`, float32 [k]. */
  parts: Tensor
  names: string[]
  logits: Tensor
  gradients: Map<string, Tensor>
  statistics: [layer: string, statistics: BatchStatistics][]
}

/** Loss of a batch in a phase and its gradient by what trains, by nothing else. */
export function computeObjective({
  graph,
  active,
  bank,
  w0,
  x,
  from,
  labels,
  dropout,
}: ObjectiveInput): ObjectiveResult {
  const { phase } = active.planned
  const statistics: ObjectiveResult['statistics'] = []
  const terms = phase.terms ?? []
  const forward = () => {
    const { output: logits, hooks } = runGraph(graph, x, {
      parameters: bank,
      batchNorm: (layer) => active.mode(layer),
      from,
      hooks: phase.hooks,
      dropout,
      onStatistics: (layer, values) => statistics.push([layer, values]),
    })
    const view = { trained: active.trainedNames, parameters: bank, w0, hooks, logits, labels }
    const values: Tensor[] = [
      ops.softmaxCrossEntropy(logits, labels),
      ...terms.map((term) => term.value(view)),
    ]
    const loss = values.reduce((sum, value) => tf.add(sum, value))
    return { loss, aux: { parts: tf.stack(values), logits } }
  }
  try {
    const inputs = active.trained.map(({ name }) => bank.get(name))
    const { loss, gradients, aux } = valueAndGradients(forward, inputs)
    loss.dispose()
    return {
      ...aux,
      names: ['cross-entropy', ...terms.map((term) => term.name)],
      gradients: new Map(active.trained.map(({ name }, i) => [name, gradients[i]!])),
      statistics,
    }
  } catch (error) {
    disposeStatistics(statistics)
    throw error
  }
}

export function disposeStatistics(statistics: ObjectiveResult['statistics']): void {
  for (const [, { mean, variance }] of statistics) tf.dispose([mean, variance])
}
