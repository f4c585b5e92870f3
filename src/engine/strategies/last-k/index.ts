import type { z } from 'zod'
import { batchNormModes } from '../batchNorm'
import { countStages, depths } from '../stages'
import type { Strategy } from '../types'
import { meta, type options } from './meta'

/** The head and the top k stages; below the cut neither parameters nor running statistics move. */
export const lastK: Strategy<z.output<typeof options>> = {
  meta,
  plan: ({ spec, graph, stages, steps }, { k }) => {
    const count = countStages(k, stages, graph.parameters)
    const depth = depths(stages, graph.parameters)
    const trains = (layer: string) => (depth.get(layer) ?? -1) < count
    return [
      {
        name: count === 0 ? 'head' : `last ${count}`,
        steps,
        trains: (parameter) => trains(parameter.layer),
        batchNorm: batchNormModes(spec, trains),
      },
    ]
  },
}
