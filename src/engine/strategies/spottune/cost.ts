import { inputShapeOf, layerCosts } from '../../network'
import type { PlanContext, StrategyCost } from '../types'
import type { Options } from './meta'
import type { Structure } from './structure'

/**
 * Multiply-adds by image. Forward both branches; backward by weights and inputs on the tuned branch, by inputs alone
 * on the frozen one and on frozen layers above the first routed block (strategies.md 6.5).
 */
export function cost({ graph, spec }: PlanContext, options: Options, structure: Structure): StrategyCost {
  const shape = inputShapeOf(graph, spec.model.inputSize)
  const plain = layerCosts(graph, shape)
  const sum = (rows: readonly { multiplyAdds: number }[]): number =>
    rows.reduce((total, { multiplyAdds }) => total + multiplyAdds, 0)
  const policy = sum(layerCosts(structure.graph, shape).filter(({ layer }) => layer.startsWith('policy.')))
  const isRouted = (layer: string): boolean => typeof structure.placeOf(layer) === 'number'
  const routed = sum(plain.filter(({ layer }) => isRouted(layer)))
  const first = plain.findIndex(({ layer }) => isRouted(layer))
  const trains = (layer: string): boolean => {
    const place = structure.placeOf(layer)
    return place === 'head' || (place === 'stem' ? options.stem : options.others) === 'tuned'
  }
  const rest = plain
    .map((row, i) => ({
      ...row,
      passes: trains(row.layer) ? 3 : i > first || options.stem === 'tuned' ? 2 : 1,
    }))
    .filter(({ layer }) => !isRouted(layer))
  const unrouted = rest.reduce((total, { multiplyAdds, passes }) => total + multiplyAdds * passes, 0)
  const activations = plain.reduce((total, row) => total + row.activations, 0)
  const again = plain
    .filter(({ layer }) => isRouted(layer))
    .reduce((total, row) => total + row.activations, 0)
  const values = plain
    .filter(({ layer }) => isRouted(layer))
    .reduce((total, row) => total + row.parameters, 0)
  const owned = structure.owned.reduce((total, { shape: own }) => total + own.reduce((a, b) => a * b, 1), 0)
  const both = structure.policy !== undefined
  const learns = options.policy === 'learned' || options.policy === 'shuffled'
  const routedPasses = both ? 5 : options.policy === 'all-tuned' ? 3 : 2
  return {
    trainMultiplyAdds: routedPasses * routed + unrouted + (learns ? 3 : 1) * policy,
    inferMultiplyAdds: sum(plain) + (both && options.k === undefined ? routed + policy : 0),
    extraValues: values + owned,
    activationFactor: both ? 1 + again / activations : 1,
  }
}
