import type { z } from 'zod'
import { createSchedule } from '../../optim'
import { batchNormModes } from '../batchNorm'
import { backboneStages, depths } from '../stages'
import type { Phase, PlanContext, Strategy } from '../types'
import { meta, type options } from './meta'

/**
 * ULMFiT's three techniques: a smaller rate for each deeper stage (rate of stage l-1 = rate of stage l / factor),
 * one more stage thawed from the top after each interval, a slanted triangular rate over the whole run.
 */
export const gradual: Strategy<z.output<typeof options>> = {
  meta,
  plan: (context, { factor, unfreeze, every, slanted, cutFraction, ratio }) => {
    const { spec, graph, stages, steps } = context
    const depth = depths(stages, graph.parameters)
    const groups = backboneStages(stages, graph.parameters).length
    const schedule = slanted
      ? createSchedule({ ...spec.train.schedule, name: 'slanted-triangular', cutFraction, ratio })
      : undefined
    const phase = (thawed: number, length: number): Phase => {
      const trains = (layer: string) => (depth.get(layer) ?? -1) < thawed
      return {
        name: thawed === 0 ? 'head' : thawed === groups ? 'all stages' : `top ${thawed}`,
        steps: length,
        trains: (parameter) => trains(parameter.layer),
        batchNorm: batchNormModes(spec, trains),
        rateFactor: (parameter) => factor ** -(depth.get(parameter.layer) ?? 0),
        schedule,
      }
    }
    if (!unfreeze) return [phase(groups, steps)]
    const interval = unfreezeEvery(context, groups, every)
    const phases: Phase[] = []
    let left = steps
    for (let thawed = 0; thawed <= groups && left > 0; thawed++) {
      const length = thawed === groups ? left : Math.min(interval, left)
      phases.push(phase(thawed, length))
      left -= length
    }
    return phases
  },
}

/** Steps between two stages: as asked, or an epoch, or what lets every stage thaw in the first half of a short run. */
function unfreezeEvery(context: PlanContext, groups: number, every: number | 'epoch'): number {
  if (every !== 'epoch') return every
  return Math.max(1, Math.min(context.stepsPerEpoch, Math.floor(context.steps / (2 * groups))))
}
