import { UserError } from '../../../spec/types'
import type { ResolvedSpec } from '../../../spec/schema'
import type { NetworkGraph } from '../../network/types'
import { cutsOf } from './cuts'
import type { Options } from './meta'
import type { Structure } from './paths'

/**
 * Both networks with their cuts.
 * @throws UserError where they cannot be cut, or options rule each other out
 */
export function structureOf(
  { graph, teacher, spec }: { graph: NetworkGraph; teacher?: NetworkGraph; spec: ResolvedSpec },
  options: Options,
): Structure {
  check(options)
  const side = spec.model.inputSize ?? graph.inputShape[0]
  const cuts = cutsOf(graph, teacher!, side, options)
  return { student: graph, teacher: teacher!, cuts, adapters: options.adapters, graphs: new Map() }
}

function check({ schedule, teacher, teacherArchitecture }: Options): void {
  schedule.forEach(({ from }, i) => {
    const before = schedule[i - 1]?.from
    if (before === undefined ? from === 0 : from > before) return
    throw new UserError(
      `strategy.schedule[${i}].from: ${from} is not ${i === 0 ? '0, and the first one begins the run' : `above ${before}`}; write rising shares of the run from 0 on`,
    )
  })
  if (teacherArchitecture !== undefined && teacher === undefined)
    throw new UserError(
      'strategy.teacherArchitecture: it is the network of the file in strategy.teacher, and none is named; name one, or leave it out',
    )
}
