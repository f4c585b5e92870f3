import { inputShapeOf, layerCosts } from '../../network'
import type { NetworkGraph } from '../../network/types'
import { adaptersOf } from './adapters'
import type { PlanContext, StrategyCost } from '../types'
import type { Options } from './meta'
import { pathGraph, routes, stagesBeforeCrossing, TEACHER, type Route, type Structure } from './paths'

/**
 * Multiply-adds by image of a step with all three paths (strategies.md section 3.5): the student's step, and of each
 * hybrid path what comes behind its first crossing, three passes where the student's weights train, two through the
 * frozen teacher; the teacher's stages before that run forward alone, the student's are shared with path 3.
 */
export function cost(
  { graph, spec, steps }: PlanContext,
  options: Options,
  structure: Structure,
  hybridSteps: number,
): StrategyCost {
  const shape = inputShapeOf(graph, spec.model.inputSize)
  const plain = layerCosts(graph, shape)
  const sum = (rows: readonly { multiplyAdds: number }[]) =>
    rows.reduce((total, row) => total + row.multiplyAdds, 0)
  const held = (rows: readonly { activations: number }[]) =>
    rows.reduce((total, row) => total + row.activations, 0)
  const behind = (route: Route, path: NetworkGraph) => {
    const rows = layerCosts(path, shape)
    const first = structure.cuts[stagesBeforeCrossing(route) - 1]![route[0]!].layer
    const at = rows.findIndex(({ layer }) => layer === (route[0] === 'teacher' ? TEACHER : '') + first)
    return [rows.slice(0, at + 1), rows.slice(at + 1)] as const
  }
  let train = 3 * sum(plain)
  let activations = held(plain)
  for (const route of hybridSteps > 0 ? routes(structure.cuts.length) : []) {
    const [before, after] = behind(route, pathGraph(structure, route))
    if (route[0] === 'teacher') train += sum(before)
    const [frozen, own] = [true, false].map((of) =>
      after.filter(({ layer }) => layer.startsWith(TEACHER) === of),
    )
    train += 2 * sum(frozen!) + 3 * sum(own!)
    activations += held(after)
  }
  const size = (of: Iterable<{ shape: readonly number[] }>) =>
    [...of].reduce((total, { shape: own }) => total + own.reduce((a, b) => a * b, 1), 0)
  const adapters = adaptersOf(structure.cuts, options).reduce(
    (total, { from, to }) => total + (from[2]! + 1) * to[2]!,
    0,
  )
  const alone = steps - hybridSteps
  return {
    trainMultiplyAdds: (train * hybridSteps + 3 * sum(plain) * alone) / steps,
    phases: [hybridSteps > 0 ? [train] : [], alone > 0 ? [3 * sum(plain)] : []].flat(),
    inferMultiplyAdds: sum(plain),
    extraValues: size(structure.teacher.parameters.values()) + adapters,
    activationFactor: activations / held(plain),
  }
}
