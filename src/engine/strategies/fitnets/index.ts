import { UserError } from '../../../spec/types'
import { tf, untaped } from '../../backend'
import { batchNormModes } from '../batchNorm'
import { momentumOf, teacherOf } from '../matching/options'
import { layersBelow } from '../matching/reach'
import { regressorParameters } from '../matching/regressor'
import type {
  Forward,
  ForwardContext,
  LossTerm,
  NetworkContext,
  Phase,
  PlanContext,
  Strategy,
} from '../types'
import { cost } from './cost'
import { hintLoss, hintOf, REGRESSOR, type Hint } from './hint'
import { meta, type Options } from './meta'
import { FitNetsRuntime } from './runtime'
import { scoresLayer, softTargetLoss, strengthAt } from './softTargets'
import { hintSteps } from './steps'

function check({ pretrained, spec }: NetworkContext, options: Options): void {
  if (options.start === 'pretrained' && !pretrained)
    throw new UserError(
      'strategy.start: "pretrained" needs a model with weights, and this one has none; name a model file, or write "random"',
    )
  if (options.training === 'two-stage' && options.hintSteps !== 0 && spec.freeze?.length)
    throw new UserError(
      'strategy.training: a freeze list leaves no phase that learns the hint; write "joint", or leave freeze out',
    )
}

/** Hints, then the task (Romero et al. 2015). */
export const fitnets: Strategy<Options> = {
  meta,
  fromScratch: ({ start }) => start === 'random',
  headFactor: ({ start }) => (start === 'random' ? 1 : 10),
  teacher: teacherOf,
  teacherHead: ({ softTargets }) => softTargets,
  parameters: (context, options, random) => {
    check(context, options)
    const { hint, guided, kernel } = hintOf(context, options)
    return regressorParameters(REGRESSOR, { from: guided.shape[2], to: hint.shape[2], kernel }, random)
  },
  plan: (context, options) => {
    check(context, options)
    const found = hintOf(context, options)
    return options.training === 'joint'
      ? [joint(context, options, found)]
      : twoStages(context, options, found)
  },
  create: (context, options) => {
    const { graph, spec, teacher } = context
    return new FitNetsRuntime(context, hintOf({ graph, spec, teacher: teacher!.graph }, options))
  },
  cost,
}

function twoStages(context: PlanContext, options: Options, found: Hint): Phase[] {
  const { spec, graph, steps } = context
  const first = hintSteps(options, steps)
  const below = layersBelow(graph, [found.guided.layer])
  const shared = { batchNormMomentum: momentumOf(options), restartsSchedule: true }
  const soft = softTerms(context, options, first)
  const phases: Phase[] = [
    {
      ...shared,
      name: 'hint',
      steps: first,
      trains: ({ layer, owned }) => owned !== undefined || below.has(layer),
      batchNorm: batchNormModes(spec, (layer) => below.has(layer), 'train'),
      teacherHooks: [found.hint.layer],
      forward: (step) => hintForward(step, found, options),
    },
    {
      ...shared,
      name: 'fine-tune',
      steps: steps - first,
      trains: ({ owned }) => !owned,
      batchNorm: batchNormModes(spec, () => true, 'train'),
      ...soft,
    },
  ]
  return phases.filter((phase) => phase.steps > 0)
}

function joint(context: PlanContext, options: Options, { hint, guided }: Hint): Phase {
  const { teacherHooks = [], terms = [] } = softTerms(context, options, 0)
  const learns = options.hintWeight > 0
  const term: LossTerm = {
    name: 'hint',
    value: ({ parameters, hooks, teacherHooks: source }) =>
      tf.mul(
        hintLoss(parameters, hooks.get(guided.layer)!, source!.get(hint.layer)!, options),
        options.hintWeight,
      ),
  }
  return {
    name: 'fine-tune',
    steps: context.steps,
    trains: ({ owned }) => !owned || learns,
    batchNorm: batchNormModes(context.spec, () => true, 'train'),
    batchNormMomentum: momentumOf(options),
    ...(learns && { hooks: [guided.layer] }),
    teacherHooks: [...(learns ? [hint.layer] : []), ...teacherHooks],
    terms: [...(learns ? [term] : []), ...terms],
  }
}

/** @param from first step that learns soft targets */
function softTerms(
  { teacher, classes, steps }: PlanContext,
  options: Options,
  from: number,
): Pick<Phase, 'teacherHooks' | 'terms'> {
  if (!options.softTargets) return {}
  const layer = scoresLayer(teacher!, classes)
  const term: LossTerm = {
    name: 'soft targets',
    value: ({ logits, teacherHooks, step }) =>
      tf.mul(
        softTargetLoss(logits, teacherHooks!.get(layer)!, options.temperature),
        strengthAt(step - from, steps - from, options),
      ),
  }
  return { teacherHooks: [layer], terms: [term] }
}

/** The student up to the guided layer; the rest runs for its scores alone, and nothing reaches it. */
function hintForward(context: ForwardContext, { hint, guided }: Hint, options: Options): Forward {
  const { parameters, teacherHooks, run } = context
  const map = run({ to: guided.layer }).output
  const logits = untaped(
    () =>
      run({
        given: new Map([[guided.layer, map]]),
        batchNorm: () => 'frozen',
        dropout: undefined,
      }).output,
  )
  const value = hintLoss(parameters, map, teacherHooks!.get(hint.layer)!, options)
  return { logits, losses: [{ name: 'hint', value }] }
}
