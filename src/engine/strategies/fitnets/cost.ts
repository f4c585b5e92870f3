import { inputShapeOf, layerCosts } from '../../network'
import { untilLayer } from '../matching/costs'
import type { PlanContext, StrategyCost } from '../types'
import { hintOf } from './hint'
import type { Options } from './meta'
import { scoresLayer } from './softTargets'
import { hintSteps } from './steps'

/** The mean over the steps of both stages. */
export function cost(context: PlanContext, options: Options): StrategyCost {
  const { graph, spec, teacher, classes, steps } = context
  const side = spec.model.inputSize ?? graph.inputShape[0]
  const { hint, guided, kernel } = hintOf(context, options)
  const forward = layerCosts(graph, inputShapeOf(graph, side)).reduce(
    (sum, { multiplyAdds }) => sum + multiplyAdds,
    0,
  )
  const [h, w] = options.regressor === 'valid' ? hint.shape : guided.shape
  const regressor = h * w * kernel[0] * kernel[1] * guided.shape[2] * hint.shape[2]
  const source = untilLayer(teacher!, side, hint.layer)
  const scores = options.softTargets ? untilLayer(teacher!, side, scoresLayer(teacher!, classes)) : 0
  const learning = 3 * (untilLayer(graph, side, guided.layer) + regressor) + source
  const first = hintSteps(options, steps)
  const tuning = 3 * forward + scores
  const values = (infos: Iterable<{ shape: readonly number[]; owned?: unknown }>): number =>
    [...infos].reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0)
  return {
    trainMultiplyAdds:
      options.training === 'joint'
        ? tuning + 3 * regressor + Math.max(0, source - scores)
        : (first * learning + (steps - first) * tuning) / Math.max(1, steps),
    ...(options.training === 'two-stage' && {
      phases: [...(first > 0 ? [learning] : []), ...(first < steps ? [tuning] : [])],
    }),
    inferMultiplyAdds: forward,
    extraValues:
      values(teacher!.parameters.values()) +
      values([...graph.parameters.values()].filter(({ owned }) => owned)),
    activationFactor: 1.1,
  }
}
