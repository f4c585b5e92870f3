import { keptActivations } from '../../backend'
import { inputShapeOf, layerCosts } from '../../network'
import type { PlanContext, StrategyCost } from '../types'
import type { Options } from './meta'
import type { Structure } from './sites'

/**
 * Multiply-adds by image. Forward both filter banks; backward by weights and inputs for the tuned one, by inputs alone
 * for the pre-trained one (strategies.md 7.5); the gate network forward and backward.
 */
export function cost({ graph, spec }: PlanContext, options: Options, structure: Structure): StrategyCost {
  const shape = inputShapeOf(graph, spec.model.inputSize)
  const rows = layerCosts(graph, shape)
  const gated = new Set(structure.sites.flatMap(({ layers }) => layers))
  const heads = new Set(graph.nodes.filter(({ stage }) => stage === 'head').map(({ name }) => name))
  const first = rows.findIndex(({ layer }) => gated.has(layer))
  const both = layerCosts(structure.graph, shape)
  const gates = structure.decides
    ? both
        .filter(({ layer }) => layer.startsWith('gates.'))
        .reduce((sum, { multiplyAdds }) => sum + multiplyAdds, 0)
    : 0
  const passes = (layer: string, i: number): number => {
    if (gated.has(layer)) return structure.decides ? 5 : options.gates === 'all-tuned' ? 3 : 2
    if (heads.has(layer) || options.others === 'tuned') return 3
    return i > first ? 2 : 1
  }
  const total = (of: 'multiplyAdds' | 'parameters', only?: ReadonlySet<string>): number =>
    rows.reduce((sum, row) => sum + (!only || only.has(row.layer) ? row[of] : 0), 0)
  const largest = Math.max(...both.map(({ activations }) => activations))
  const learns = options.gates === 'learned' || options.gates === 'shuffled'
  const owned = structure.owned.reduce((sum, { shape: own }) => sum + own.reduce((a, b) => a * b, 1), 0)
  return {
    trainMultiplyAdds:
      rows.reduce((sum, { multiplyAdds, layer }, i) => sum + multiplyAdds * passes(layer, i), 0) +
      (learns ? 3 : 1) * gates,
    inferMultiplyAdds: total('multiplyAdds') + (structure.decides ? total('multiplyAdds', gated) + gates : 0),
    // the frozen bank once; what trains with its gradient, two slots of Adam and its values before
    extraValues: total('parameters', gated) + 6 * owned,
    // of a gated layer both convolutions, both batch norms and their mix are read again; going back over the mix, its
    // gradient, those of both branches and one behind its batch norm are there at once
    activationFactor: (keptActivations(both) + (structure.decides ? 4 * largest : 0)) / keptActivations(rows),
  }
}
