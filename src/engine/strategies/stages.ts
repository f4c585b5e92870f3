import type { ParameterInfo, Stage } from '../network/types'
import { UserError } from '../../spec/types'

/** Backbone stages that hold parameters, bottom up: the units in which baselines freeze and thaw. */
export function backboneStages(
  stages: readonly Stage[],
  parameters: ReadonlyMap<string, ParameterInfo>,
): Stage[] {
  const pretrained = new Set(
    [...parameters.values()].filter((info) => info.pretrained).map((info) => info.layer),
  )
  return stages.filter((stage) => stage.layers.some((layer) => pretrained.has(layer)))
}

/** Name of the stage that each layer is in. */
export const stageByLayer = (stages: readonly Stage[]): ReadonlyMap<string, string> =>
  new Map(stages.flatMap(({ name, layers }) => layers.map((layer) => [layer, name])))

/** Depth of each layer counted from the top: 0 for the top backbone stage, 1 for the one below, … */
export function depths(
  stages: readonly Stage[],
  parameters: ReadonlyMap<string, ParameterInfo>,
): Map<string, number> {
  const backbone = backboneStages(stages, parameters)
  const result = new Map<string, number>()
  backbone.forEach((stage, index) => {
    for (const layer of stage.layers) result.set(layer, backbone.length - 1 - index)
  })
  return result
}

/** How many of the top stages a `k` from a run file means. */
export function countStages(
  k: number | 'all',
  stages: readonly Stage[],
  parameters: ReadonlyMap<string, ParameterInfo>,
): number {
  const have = backboneStages(stages, parameters).length
  if (k === 'all') return have
  if (k > have)
    throw new UserError(
      `strategy.k: the network has ${have} stages below the head, not ${k}; write a number from 0 to ${have}, or "all"`,
    )
  return k
}
