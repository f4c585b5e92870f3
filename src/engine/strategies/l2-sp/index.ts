import { batchNormModes } from '../batchNorm'
import type { Phase, Strategy } from '../types'
import { check } from './check'
import { costOf } from './cost'
import { meta } from './meta'
import { fisherName, penalty, projectionOf, pullOf } from './penalty'
import { L2spRuntime } from './runtime'
import { groupAxes, inScope, strengthsOf, usesFisher, type Options } from './strengths'

type Objective = Pick<Phase, 'pull' | 'terms' | 'project'>

/** Full fine-tuning with a penalty of the L2-SP family in the place of weight decay. */
export const l2sp: Strategy<Options> = {
  meta,
  plan(context, options) {
    check(context, options)
    const { spec, graph, steps } = context
    return [
      {
        name: 'fine-tune',
        steps,
        trains: () => true,
        batchNorm: batchNormModes(spec, () => true, 'train'),
        // two decays on one weight would fight each other
        weightDecay: () => 0,
        ...objectiveOf(options, spec.train.optimizer.name !== 'sgd', graph),
      },
    ]
  },
  inputs: ({ graph }, { variant, scope }) =>
    usesFisher(variant)
      ? [...graph.parameters.values()]
          .filter((parameter) => parameter.pretrained && inScope(parameter, scope))
          .map(({ name }) => fisherName(name))
      : [],
  create: (context, options) => new L2spRuntime(context, options),
  cost: (context, options) => costOf(context, options),
}

function objectiveOf(options: Options, adaptive: boolean, graph: Parameters<typeof groupAxes>[0]): Objective {
  const strengths = strengthsOf(options)
  const axes = groupAxes(graph)
  const parameters = [...graph.parameters.values()]
  const { form, variant } = options
  const pull: Phase['pull'] = (parameter, before, w0, constants) =>
    pullOf(parameter, before, w0, constants, strengths, axes)
  if (form === 'proximal' && (variant === 'l1-sp' || variant === 'group-lasso-sp'))
    return {
      // the head has no kink: it is pulled as in the decoupled form
      pull: (parameter, ...rest) => (parameter.pretrained ? undefined : pull(parameter, ...rest)),
      project: (parameter, value, w0, rate) =>
        parameter.pretrained ? projectionOf(variant, parameter, value, w0, rate, strengths, axes) : undefined,
    }
  return form === 'decoupled' || (form === 'auto' && adaptive)
    ? { pull }
    : { terms: [{ name: 'l2-sp', value: (view) => penalty(view, parameters, strengths, axes) }] }
}
