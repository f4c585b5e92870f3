import { keptActivations } from '../../backend'
import { inputShapeOf, layerCosts } from '../../network'
import type { LayerCost } from '../../network/types'
import { untilLayer } from '../matching/costs'
import type { PlanContext, StrategyCost } from '../types'
import { HELD } from './lookAhead'
import type { Options } from './meta'
import { pairsOf, type Pairs } from './pairs'
import { looksAhead } from './settings'

/**
 * Multiply-adds by image, with F those of the student and its regressors: a step and the teacher's forward pass; in a
 * look-ahead each of its steps and the outer gradient again 3 F, and 6 F to go back through both passes of a step, of
 * the first one 2 F, since it ends at the weights of pairs and channels; 3 F more for each whose passes were not kept.
 */
export function cost(context: PlanContext, options: Options): StrategyCost {
  const { graph, spec, teacher } = context
  const { all: pairs, teacherLayers, studentLayers } = pairsOf(context, options)
  const costs = layerCosts(graph, inputShapeOf(graph, spec.model.inputSize))
  const forward = costs.reduce((sum, { multiplyAdds }) => sum + multiplyAdds, 0)
  const side = spec.model.inputSize ?? graph.inputShape[0]
  const regressors = pairs.reduce((sum, { teacher: from, student: { shape } }) => {
    const [h, w, c] = shape
    return sum + h * w * c * from.shape[2]
  }, 0)
  const both = forward + (options.beta > 0 ? regressors : 0)
  const transfer = untilLayer(graph, side, studentLayers.at(-1)!) + regressors
  const T = options.transferSteps
  const again = Math.max(0, T + 1 - HELD)
  const ahead = looksAhead(options)
    ? (3 * (T + again) * transfer + (2 * 3 + 6) * forward + (6 * (T - 1) + 2) * transfer) / options.metaEvery
    : 0
  const values = (infos: Iterable<{ shape: readonly number[]; owned?: unknown }>): number =>
    [...infos].reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0)
  const own = values(graph.parameters.values())
  const owned = values([...graph.parameters.values()].filter((info) => info.owned))
  return {
    trainMultiplyAdds:
      3 * both + (options.beta > 0 ? untilLayer(teacher!, side, teacherLayers.at(-1)!) : 0) + ahead,
    inferMultiplyAdds: forward,
    // of each step its values; of the recurrence momentum, gradients, directions, slopes and sums, before and after
    extraValues: values(teacher!.parameters.values()) + owned + (ahead > 0 ? (T + 12) * own : 0),
    activationFactor: heldActivations(costs, pairs, options, ahead > 0) / keptActivations(costs),
  }
}

/**
 * Values held at most, for one image. A step: the student's activations, and of each pair the regressed map, its
 * gradient and the teacher's map. A look-ahead holds both passes of its last steps (a map and its gradient for each of
 * a layer, for each pair the regressed map and two gradients), a whole pass of the outer loss, and the teacher's maps.
 */
function heldActivations(
  costs: readonly LayerCost[],
  pairs: Pairs['all'],
  { transferSteps, beta }: Options,
  ahead: boolean,
): number {
  const kept = keptActivations(costs)
  const maps = pairs.reduce((sum, { teacher: { shape }, student }) => {
    const [h, w] = student.shape
    return sum + h * w * shape[2]
  }, 0)
  if (!ahead) return kept + (beta > 0 ? 3 * maps : 0)
  return Math.min(transferSteps, HELD - 1) * (2 * kept + 3 * maps) + 3 * kept + maps
}
