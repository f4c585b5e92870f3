import { inputShapeOf, layerCosts } from '../../network'
import { untilLayer } from '../matching/costs'
import type { PlanContext, StrategyCost } from '../types'
import type { Options } from './meta'
import { pairsOf } from './pairs'
import { looksAhead } from './settings'

/**
 * Multiply-adds by image, with F those of the student and its regressors: a step and the teacher's forward pass; in a
 * look-ahead each of its steps and the outer gradient again 3 F, a replay 9 F (forward, backward, backward through both),
 * and the first one, which ends at the weights of pairs and channels, 5 F.
 */
export function cost(context: PlanContext, options: Options): StrategyCost {
  const { graph, spec, teacher } = context
  const { all, teacherLayers, studentLayers } = pairsOf(context, options)
  const costs = layerCosts(graph, inputShapeOf(graph, spec.model.inputSize))
  const forward = costs.reduce((sum, { multiplyAdds }) => sum + multiplyAdds, 0)
  const side = spec.model.inputSize ?? graph.inputShape[0]
  const regressors = all.reduce((sum, { teacher: from, student: { shape } }) => {
    const [h, w, c] = shape
    return sum + h * w * c * from.shape[2]
  }, 0)
  const both = forward + (options.beta > 0 ? regressors : 0)
  const transfer = untilLayer(graph, side, studentLayers.at(-1)!) + regressors
  const T = options.transferSteps
  const ahead = looksAhead(options)
    ? (3 * T * transfer + 2 * 3 * forward + 9 * (T - 1) * transfer + 9 * forward + 5 * transfer) /
      options.metaEvery
    : 0
  const values = (infos: Iterable<{ shape: readonly number[]; owned?: unknown }>): number =>
    [...infos].reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0)
  const own = values(graph.parameters.values())
  const owned = values([...graph.parameters.values()].filter((info) => info.owned))
  return {
    trainMultiplyAdds:
      3 * both + (options.beta > 0 ? untilLayer(teacher!, side, teacherLayers.at(-1)!) : 0) + ahead,
    inferMultiplyAdds: forward,
    extraValues: values(teacher!.parameters.values()) + owned + (ahead > 0 ? (T + 3) * own : 0),
    activationFactor: ahead > 0 ? 4 : 1.2,
  }
}
