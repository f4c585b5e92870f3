import type { Scalar } from '@tensorflow/tfjs-core'
import { UserError } from '../../../spec/types'
import { tf } from '../../backend'
import { HEAD_BIAS, HEAD_WEIGHT, inputShapeOf, layerCosts } from '../../network'
import { batchNormModes } from '../batchNorm'
import type { LossTerm, Phase, PlanContext, Strategy, StepView } from '../types'
import { hooksOf, type Hook } from './hooks'
import { meta, type Options } from './meta'
import { omega } from './omega'
import { attends, attentionName, DeltaRuntime } from './runtime'

/** Head on the frozen network, attention, then fine-tuning near the pre-trained feature maps; Li et al. 2019. */
export const delta: Strategy<Options> = {
  meta,
  teacher: () => 'self',
  plan(context, options) {
    const { spec, graph, stages, steps } = context
    if (!context.pretrained)
      throw new UserError(
        'strategy: delta holds feature maps near those of the pre-trained network, and this one starts from random weights; name a model with weights, or use "scratch"',
      )
    if (options.attention === 'given' && attends(options) && spec.train.inputs === undefined)
      throw new UserError(
        'strategy.attention: "given" needs a file in train.inputs with a tensor attention.<layer> for each hooked layer',
      )
    if (measures(options) && spec.freeze?.length)
      throw new UserError(
        'strategy.attention: a freeze list leaves no phase that fits the head, so nothing can be measured; write "uniform" or "given", or leave freeze out',
      )
    const hooks = hooksOf(graph, stages, options)
    const layers = hooks.map(({ layer }) => layer)
    const head = headSteps(options, steps)
    const first: Phase = {
      name: 'head',
      steps: head,
      trains: (p) => !p.pretrained && !p.owned,
      batchNorm: () => 'frozen',
      restartsSchedule: true,
    }
    const tuning: Phase = {
      name: 'fine-tune',
      steps: steps - head,
      trains: () => true,
      batchNorm: batchNormModes(spec, () => true, 'train'),
      // both parts have a pull of their own
      weightDecay: () => 0,
      restartsSchedule: true,
      ...(options.alpha > 0 && { hooks: layers, teacherHooks: layers }),
      terms: termsOf(hooks, options),
    }
    return head > 0 ? [first, tuning] : [tuning]
  },
  inputs: ({ graph, stages }, options) =>
    attends(options) ? hooksOf(graph, stages, options).map(({ layer }) => attentionName(layer)) : [],
  create: (context, options) => new DeltaRuntime(context, options),
  cost: (context, options) => costOf(context, options),
}

const measures = (options: Options): boolean =>
  attends(options) && (options.attention === 'filters' || options.attention === 'gradient')

/** @throws UserError when nothing is left to fine-tune */
function headSteps(options: Options, steps: number): number {
  const head = options.headSteps ?? (measures(options) ? Math.round(steps / 5) : 0)
  if (head > 0 && head >= steps)
    throw new UserError(
      `strategy.headSteps: ${head} of ${steps} steps fit the head and none is left to fine-tune; write a smaller number or a larger train.steps`,
    )
  return head
}

function termsOf(hooks: readonly Hook[], options: Options): LossTerm[] {
  const { alpha, beta } = options
  const maps: LossTerm = {
    name: 'delta',
    value: ({ hooks: own, teacherHooks, constants }: StepView): Scalar =>
      tf.tidy(() => {
        const parts = hooks.map(({ layer }) =>
          omega(own.get(layer)!, teacherHooks!.get(layer)!, constants.get(attentionName(layer)), options),
        )
        return tf.mul(
          alpha,
          parts.reduce((sum, part) => tf.add(sum, part)),
        )
      }),
  }
  const head: LossTerm = {
    name: 'head decay',
    value: ({ trained, parameters }: StepView): Scalar =>
      tf.tidy(() => {
        const names = [HEAD_WEIGHT, HEAD_BIAS].filter((name) => trained.has(name))
        const squares = names.map((name) => tf.sum(tf.square(parameters.get(name))))
        return tf.mul(
          beta / 2,
          squares.reduce((sum, part) => tf.add(sum, part), tf.scalar(0)),
        )
      }),
  }
  return [...(alpha > 0 ? [maps] : []), ...(beta > 0 ? [head] : [])]
}

/** A step and the teacher's forward pass up to the last compared map. */
function costOf({ graph, stages, spec }: PlanContext, options: Options) {
  const costs = layerCosts(graph, inputShapeOf(graph, spec.model.inputSize))
  const forward = costs.reduce((sum, { multiplyAdds }) => sum + multiplyAdds, 0)
  const last = hooksOf(graph, stages, options).at(-1)!.layer
  const until = costs.findIndex(({ layer }) => layer === last)
  const teacher = costs.slice(0, until + 1).reduce((sum, { multiplyAdds }) => sum + multiplyAdds, 0)
  const values = [...graph.parameters.values()]
    .filter(({ pretrained }) => pretrained)
    .reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0)
  return {
    trainMultiplyAdds: 3 * forward + teacher,
    inferMultiplyAdds: forward,
    extraValues: 2 * values,
    activationFactor: 1.1,
  }
}
