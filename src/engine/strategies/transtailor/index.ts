import { UserError } from '../../../spec/types'
import { optimizerSchema } from '../../../spec/schema'
import { ops } from '../../backend'
import { inputShapeOf, layerCosts, PrunedCost, pruneGraph } from '../../network'
import type { ParameterInfo } from '../../network/types'
import { batchNormModes } from '../batchNorm'
import type { Forward, ForwardContext, Phase, PlanContext, Strategy } from '../types'
import { factored, FACTORS, folded, ownedFactors, type Acting } from './factors'
import { countsOf, layoutOf, type Layout } from './layout'
import { meta, type Options } from './meta'
import { TransTailorRuntime } from './runtime'
import { readState, type SavedState } from './state'

/** Head, then rounds of factors, cut and importance-aware tuning; Liu et al. 2021, algorithm 1. */
export const transtailor: Strategy<Options> = {
  meta,
  plan(context, options) {
    const { spec } = context
    if (!context.pretrained)
      throw new UserError(
        'strategy: transtailor tailors a pre-trained network, and this one starts from random weights; name a model with weights, or use "scratch"',
      )
    if (spec.freeze?.length)
      throw new UserError(
        'freeze: transtailor says itself what trains when (head, factors, all that is left); leave freeze out, or use "full"',
      )
    const layout = layoutOf(context.graph, options)
    const lengths = lengthsOf(context.steps, options)
    const head: Phase = {
      name: 'head',
      steps: lengths.head,
      trains: (p) => !p.pretrained && !p.owned,
      batchNorm: () => 'frozen',
      restartsSchedule: true,
    }
    const rounds = lengths.rounds.flatMap(({ factors, tune }, i): Phase[] => [
      {
        name: `round ${i + 1}: factors`,
        steps: factors,
        trains: isFactor,
        batchNorm: () => 'frozen',
        restartsSchedule: true,
        forward: forwardOf(layout, 'alpha'),
      },
      {
        name: `round ${i + 1}: tuning`,
        steps: tune,
        trains: (p) => !p.owned,
        batchNorm: batchNormModes(spec, () => true),
        restartsSchedule: true,
        forward: forwardOf(layout, 'scale'),
      },
    ])
    return [head, ...rounds]
  },
  parameters({ graph, stages }, options, random) {
    const layout = layoutOf(graph, options)
    return ownedFactors(layout, stages, ({ alpha, size }) => {
      const stream = random(alpha)
      return Float32Array.from({ length: size }, () => (options.init === 'ones' ? 1 : stream.uniform()))
    })
  },
  optimizers: ({ factorRate }) =>
    new Map([[FACTORS, optimizerSchema.parse({ name: 'sgd', rate: factorRate, weightDecay: 0 })]]),
  create: (context, options) => new TransTailorRuntime(context, options),
  finished({ graph, values, state }, options) {
    const { kept, acting } = readState(state as SavedState)
    const { map, sites } = layoutOf(graph, options)
    return { graph: pruneGraph(graph, map, kept).graph, values: folded(values, sites, acting) }
  },
  cost: (context, options) => costOf(context, options),
}

const isFactor = ({ owned, buffer }: ParameterInfo): boolean => owned !== undefined && !buffer

const forwardOf =
  ({ sites }: Layout, acting: Acting) =>
  ({ run, parameters, labels }: ForwardContext): Forward => {
    const { output: logits } = run({ parameters: factored(parameters, sites, acting) })
    return {
      logits,
      losses: [{ name: 'cross-entropy', value: ops.softmaxCrossEntropy(logits, labels) as never }],
    }
  }

/** How many steps each phase has; the rounds share what the head leaves as evenly as whole steps can. */
export function lengthsOf(steps: number, { rounds, headSteps, factorSteps }: Options) {
  const least = (headSteps ?? 1) + rounds * ((factorSteps ?? 1) + 1)
  if (steps < least)
    throw new UserError(
      `strategy.rounds: ${rounds} rounds need ${least} steps at the least (head, and factors and tuning of each), the run has ${steps}; write a larger train.steps or fewer rounds`,
    )
  const head =
    headSteps ?? Math.max(1, Math.min(Math.round(steps / 5), steps - rounds * ((factorSteps ?? 1) + 1)))
  const left = steps - head
  return {
    head,
    rounds: Array.from({ length: rounds }, (_, i) => {
      const length = Math.floor((left * (i + 1)) / rounds) - Math.floor((left * i) / rounds)
      const factors = Math.min(length - 1, factorSteps ?? Math.max(1, Math.round(length / 5)))
      return { factors, tune: length - factors }
    }),
  }
}

/** Mean over the run: the head forward alone, factors and tuning forward and back, less with every cut. */
function costOf({ graph, spec, steps }: PlanContext, options: Options) {
  const shape = inputShapeOf(graph, spec.model.inputSize)
  const layout = layoutOf(graph, options)
  const whole = new PrunedCost(graph, layout.map, shape).total(countsOf(layout, new Map()))
  const lengths = lengthsOf(steps, options)
  const left = (done: number) => whole * Math.max(options.keep, 1 - options.budget * done)
  // factors: back through inputs alone
  const phases = [whole, ...lengths.rounds.flatMap((_, i) => [2 * left(i), 3 * left(i + 1)])]
  const phaseSteps = [lengths.head, ...lengths.rounds.flatMap(({ factors, tune }) => [factors, tune])]
  const work = phases.reduce((sum, one, i) => sum + one * phaseSteps[i]!, 0)
  const values = layerCosts(graph, shape).reduce((sum, { parameters }) => sum + parameters, 0)
  const factors = layout.sites.reduce((sum, { size }) => sum + 2 * size, 0)
  return {
    trainMultiplyAdds: work / steps,
    phases,
    inferMultiplyAdds: whole * Math.max(options.keep, 1 - options.budget * options.rounds),
    // the chosen network is kept beside that of now
    extraValues: 2 * factors + values,
    activationFactor: 1,
  }
}
