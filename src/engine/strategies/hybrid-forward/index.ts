import { batchNormModes } from '../batchNorm'
import { momentumOf, teacherOf } from '../matching/options'
import type { NetworkContext, Phase, Strategy } from '../types'
import { adapterParameters, adaptersOf, isAdapter } from './adapters'
import { plannedWeight } from './balance'
import { cost } from './cost'
import { swaps, threePaths } from './forward'
import { meta, type Options } from './meta'
import { HybridRuntime } from './runtime'
import { structureOf } from './structure'

/** First step from which on the hybrid paths have weight 0 for good; `steps` where they always count. */
function lastHybridStep({ schedule, ...options }: Options, steps: number): number {
  const weightAt = (step: number) => plannedWeight({ schedule, ...options }, step, steps)
  let end = steps
  while (end > 0 && weightAt(end - 1) === 0) end--
  return end
}

/** Three paths from an image to one head: student alone, and two that cross between student and teacher. */
export const hybridForward: Strategy<Options> = {
  meta,
  teacher: teacherOf,
  fromScratch: ({ start }) => start === 'random',
  headFactor: ({ start }) => (start === 'random' ? 1 : 10),
  parameters: (context, options, random) => {
    const stream = random('adapters')
    return adaptersOf(structureOf(context, options).cuts, options).flatMap((adapter) =>
      adapterParameters(adapter, stream),
    )
  },
  plan: (context, options) => phasesOf(context, options, context.steps),
  draws: (context, options) => {
    const { cuts } = structureOf(context, options)
    return options.routes === 'random' && cuts.length > 1 ? [swaps(cuts.length)] : []
  },
  create: (context, options) =>
    new HybridRuntime(
      context,
      options,
      structureOf({ graph: context.graph, spec: context.spec, teacher: context.teacher!.graph }, options),
    ),
  cost: (context, options) =>
    cost(context, options, structureOf(context, options), lastHybridStep(options, context.steps)),
}

function phasesOf(context: NetworkContext, options: Options, steps: number): Phase[] {
  const structure = structureOf(context, options)
  const end = lastHybridStep(options, steps)
  const first = structure.cuts[0]!.teacher.layer
  const common = {
    batchNorm: batchNormModes(context.spec, () => true, 'train'),
    batchNormMomentum: momentumOf({ ...options, start: context.pretrained ? options.start : 'random' }),
    // a freeze list takes the last phase's objective for the whole run
    forward: (step) => threePaths(step, structure, options),
  } satisfies Partial<Phase>
  const hybrid: Phase = {
    ...common,
    name: 'hybrid',
    steps: end,
    trains: () => true,
    // what a random route does not cross gets no gradient
    mayRest: (parameter) => options.routes === 'random' && isAdapter(parameter),
    ...(options.routes === 'alternate' && options.teacherNorms === 'frozen' && { teacherHooks: [first] }),
  }
  const alone: Phase = {
    ...common,
    name: 'student',
    steps: steps - end,
    trains: (parameter) => !isAdapter(parameter),
  }
  return [hybrid, alone].filter((phase) => phase.steps > 0)
}
