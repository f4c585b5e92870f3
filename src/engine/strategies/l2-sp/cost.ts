import { inputShapeOf, layerCosts } from '../../network'
import type { PlanContext, StrategyCost } from '../types'
import { usesFisher, type Options } from './strengths'

/** A plain step; the penalty's arithmetic is a few operations a weight, whatever the image. */
export function costOf({ graph, spec }: PlanContext, { variant }: Options): StrategyCost {
  const costs = layerCosts(graph, inputShapeOf(graph, spec.model.inputSize))
  const forward = costs.reduce((sum, { multiplyAdds }) => sum + multiplyAdds, 0)
  const values = [...graph.parameters.values()]
    .filter(({ pretrained }) => pretrained)
    .reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0)
  return {
    trainMultiplyAdds: 3 * forward,
    inferMultiplyAdds: forward,
    extraValues: values * (usesFisher(variant) ? 2 : 1),
    activationFactor: 1,
  }
}
