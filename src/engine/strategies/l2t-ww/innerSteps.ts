import type { Tensor } from '@tensorflow/tfjs-core'
import { ops } from '../../backend'
import { runGraph } from '../../network'
import type { ParameterSource } from '../../network/types'
import { RandomStream } from '../../random'
import { parametersBelow } from '../matching/reach'
import type { RuntimeContext, StepTaken } from '../types'
import type { InnerStep, LookAhead } from './lookAhead'
import type { Options } from './meta'
import type { Pairs } from './pairs'
import { regressorOf, transferLoss, type SourceMaps } from './transfer'

/** What the passes of a look-ahead run on. */
export interface InnerTask {
  context: Pick<RuntimeContext, 'graph' | 'spec' | 'step' | 'mode'>
  options: Pick<Options, 'transferSteps' | 'idle'>
  pairs: Pairs
  batch: Pick<StepTaken, 'x' | 'labels'>
  source: SourceMaps
  /** `coefficients`, the outer variables. */
  weights: readonly Tensor[]
  /** What trains. */
  names: readonly string[]
}

/**
 * T steps on the transfer loss, one on cross-entropy, and cross-entropy as the objective (strategies.md 4.3 (b) and (c)),
 * with batch norm as in training but no running statistic moved.
 */
export function innerSteps(task: InnerTask): Pick<LookAhead, 'steps' | 'objective'> {
  const { context, options, pairs, batch, source, weights, names } = task
  const { graph, spec, step } = context
  const { transferSteps, idle } = options
  // the masks of a pass are the same when it is replayed, and other ones in each pass
  const passes = (pass: number, parameters: ParameterSource) => ({
    parameters,
    batchNorm: (layer: string) => context.mode(layer),
    dropout: new RandomStream(spec.train.seed, `look-ahead/${step}/${pass}`),
  })
  const hooks = pairs.studentLayers
  const transfer = (pass: number) => (parameters: ParameterSource) => {
    const run = runGraph(graph, batch.x, { ...passes(pass, parameters), to: hooks.at(-1), hooks })
    return transferLoss(parameters, pairs.all, run.hooks, source, weights)
  }
  const entropy = (pass: number) => (parameters: ParameterSource) =>
    ops.softmaxCrossEntropy(runGraph(graph, batch.x, passes(pass, parameters)).output, batch.labels)
  const rest = (used: ReadonlySet<string>) =>
    idle === 'rest' ? { rests: new Set(names.filter((name) => !used.has(name))) } : {}
  const regressors = pairs.all.flatMap((pair) =>
    ['weight', 'bias'].map((kind) => `${regressorOf(pair)}.${kind}`),
  )
  const below = rest(new Set([...parametersBelow(graph, hooks), ...regressors]))
  const whole = rest(parametersBelow(graph, [graph.output]))
  const first = Array.from({ length: transferSteps }, (_, t): InnerStep => ({
    loss: transfer(t),
    outer: true,
    ...below,
  }))
  return {
    steps: [...first, { loss: entropy(transferSteps), outer: false, ...whole }],
    objective: entropy(transferSteps + 1),
  }
}
