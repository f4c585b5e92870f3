import type { Tensor } from '@tensorflow/tfjs-core'
import { ops, tf, valueAndGradients } from '../backend'
import { runGraph } from '../network'
import type {
  BatchStatistics,
  NetworkGraph,
  ParameterBank,
  ParameterSource,
  RunOptions,
} from '../network/types'
import type { RandomStream } from '../random'
import type { Constants, Forward, ForwardContext, StatisticsTarget, Teacher } from '../strategies/types'
import type { Noise } from './noise'
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
  /** Updates done before this step, and those of the whole run. */
  steps: number
  total: number
  /** Position of each image in the data set. */
  items: Int32Array
  teacher?: Teacher
  /** Outputs of the teacher that the phase asks for. */
  teacherHooks?: ReadonlyMap<string, Tensor>
  /** Of the strategy's runtime. */
  constants?: Constants
  noise: Noise
  /** On the loss before the backward pass; the gradients come back without it. */
  scale?: number
}

const none: Constants = new Map()

/** What a batch says of a running statistic; the tensors are the holder's to dispose. */
export interface StatisticsUpdate extends StatisticsTarget {
  batch: BatchStatistics
}

/** All tensors are the caller's to dispose. */
export interface ObjectiveResult {
  /** The loss's parts in the order of `names`, float32 [k]. */
  parts: Tensor
  names: string[]
  logits: Tensor
  gradients: Map<string, Tensor>
  statistics: StatisticsUpdate[]
  observed: Record<string, Tensor>
}

/** Loss of a batch in a phase and its gradient by what trains, by nothing else. */
export function computeObjective(input: ObjectiveInput): ObjectiveResult {
  const { active, bank, scale = 1 } = input
  const statistics: StatisticsUpdate[] = []
  const { run, collect } = runner(input, statistics)
  const own = active.planned.phase.forward
  let names: string[] = []
  const forward = () => {
    const { logits, losses, observed } = own ? own(contextOf(input, run, collect)) : plainForward(input, run)
    names = losses.map(({ name }) => name)
    const values = losses.map(({ value }) => value as Tensor)
    const loss = values.reduce((sum, value) => tf.add(sum, value))
    return {
      loss: scale === 1 ? loss : tf.mul(loss, scale),
      aux: { parts: tf.stack(values), logits, observed: { ...observed } },
    }
  }
  try {
    const inputs = active.trained.map(({ name }) => bank.get(name))
    const { loss, gradients, aux } = valueAndGradients(forward, inputs)
    loss.dispose()
    const unscaled = scale === 1 ? gradients : tf.tidy(() => gradients.map((g) => tf.div(g, scale)))
    if (scale !== 1) tf.dispose(gradients)
    return {
      ...aux,
      names,
      gradients: new Map(active.trained.map(({ name }, i) => [name, unscaled[i]!])),
      statistics,
    }
  } catch (error) {
    disposeStatistics(statistics)
    throw error
  }
}

/** Cross-entropy of the plain network and the terms of the phase. */
function plainForward(input: ObjectiveInput, run: ForwardContext['run']): Forward {
  const { active, bank, w0, labels, steps, constants = none } = input
  const { hooks: wanted, terms = [] } = active.planned.phase
  const { output: logits, hooks } = run({ hooks: wanted })
  const view = {
    trained: active.trainedNames,
    parameters: bank,
    w0,
    constants,
    hooks,
    teacherHooks: input.teacherHooks,
    logits,
    labels,
    step: steps,
  }
  return {
    logits,
    losses: [
      { name: 'cross-entropy', value: ops.softmaxCrossEntropy(logits, labels) as never },
      ...terms.map((term) => ({ name: term.name, value: term.value(view) })),
    ],
  }
}

function contextOf(
  input: ObjectiveInput,
  run: ForwardContext['run'],
  collect: ForwardContext['collect'],
): ForwardContext {
  const { graph, active, bank, w0, x, labels, dropout, steps, total, items, teacher, noise } = input
  const { constants = none, teacherHooks } = input
  return {
    graph,
    x,
    labels,
    items,
    parameters: bank,
    w0,
    teacher,
    teacherHooks,
    constants,
    trained: active.trainedNames,
    step: steps,
    steps: total,
    mode: (layer) => active.mode(layer),
    dropout,
    run,
    collect,
    draw: (declaration) => noise.draw(declaration),
  }
}

function runner({ graph, active, bank, x, from, dropout }: ObjectiveInput, statistics: StatisticsUpdate[]) {
  const replaced = active.planned.phase.batchNormMomentum
  const run = ({
    x: other = x,
    graph: of = graph,
    ...options
  }: Partial<RunOptions> & { x?: Tensor; graph?: NetworkGraph } = {}) =>
    runGraph(of, other, {
      parameters: bank,
      batchNorm: (layer) => active.mode(layer),
      from,
      dropout,
      onStatistics: (layer, batch) => {
        const node = of.nodes.find((candidate) => candidate.name === layer)!
        const momentum = replaced ?? (node.op.kind === 'batchNorm' ? node.op.momentum : 0)
        statistics.push({ mean: node.parameters.mean!, variance: node.parameters.variance!, momentum, batch })
      },
      ...options,
    })
  const collect = (target: StatisticsTarget, { mean, variance, count }: BatchStatistics) => {
    // copies of their own: the tape's tensors are released with it
    const keep = (tensor: Tensor): Tensor => tf.keep(tf.clone(tensor))
    statistics.push({ ...target, batch: { mean: keep(mean), variance: keep(variance), count } })
  }
  return { run, collect }
}

export function disposeStatistics(statistics: readonly StatisticsUpdate[]): void {
  for (const { batch } of statistics) tf.dispose([batch.mean, batch.variance])
}
