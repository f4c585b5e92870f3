import { UserError } from '../../../spec/types'
import { optimizerSchema, type ResolvedSpec } from '../../../spec/schema'
import type { BatchNormMode } from '../../../events/types'
import type { NetworkGraph, ParameterInfo } from '../../network/types'
import { chosenValues } from '../routing/fixed'
import { FROZEN } from '../routing/names'
import type { NetworkContext, OwnedParameter, Phase, Strategy } from '../types'
import { cost } from './cost'
import { fixedForward, gumbel, routedForward } from './forward'
import { meta, type Options } from './meta'
import { initialPolicy } from './policy'
import { fixedRoutes, type RouteState } from './routes'
import { SpotTuneRuntime, type SpotTuneState } from './runtime'
import { structureOf, type Structure } from './structure'

const side = (spec: ResolvedSpec, graph: NetworkGraph): number => spec.model.inputSize ?? graph.inputShape[0]

const of = ({ graph, spec, teacher }: Pick<NetworkContext, 'graph' | 'spec' | 'teacher'>, options: Options) =>
  structureOf(graph, options, side(spec, graph), teacher)

const learns = ({ policy }: Options): boolean => policy === 'learned' || policy === 'shuffled'

function check({ pretrained }: NetworkContext, { k, policy }: Options): void {
  if (!pretrained)
    throw new UserError(
      'strategy: spottune mixes a pre-trained network with a tuned one, and the model has no pre-trained weights; name a model file, or use full or scratch',
    )
  if (k !== undefined && policy !== 'learned')
    throw new UserError(
      `strategy.k: a number of blocks is something that a policy learns, and policy is "${policy}"; leave one of the two out`,
    )
}

/** Which parts train, and in which batch-norm mode. */
function parts(structure: Structure, options: Options, spec: ResolvedSpec) {
  const trainsLayer = (layer: string): boolean => {
    const place = structure.placeOf(layer)
    if (typeof place === 'number') return options.policy !== 'all-frozen'
    return place === 'head' || (place === 'stem' ? options.stem : options.others) === 'tuned'
  }
  const trains = ({ layer, owned }: ParameterInfo, deciding: boolean): boolean =>
    owned?.group === 'policy'
      ? deciding && learns(options)
      : owned
        ? deciding || !structure.policy
        : trainsLayer(layer)
  const mode = spec.train.batchNorm ?? 'train'
  const batchNorm = (layer: string, deciding: boolean): BatchNormMode => {
    if (layer.startsWith('policy.'))
      return deciding && learns(options) ? (options.network === 'pretrained' ? mode : 'train') : 'frozen'
    if (layer.startsWith(FROZEN))
      return options.frozenNorms === 'adapted' && (deciding || !structure.policy) ? mode : 'frozen'
    return trainsLayer(layer) ? mode : 'frozen'
  }
  return { trains, batchNorm }
}

/** Routes each image through frozen or tuned blocks (Guo et al. 2019). */
export const spottune: Strategy<Options> = {
  meta,
  teacher: ({ network, policy, policyModel }, spec) => {
    if (network !== 'pretrained' || policy === 'all-tuned' || policy === 'all-frozen') return undefined
    return policyModel === undefined
      ? 'self'
      : { ...spec.model, source: policyModel, architecture: undefined, cut: undefined }
  },
  optimizers: ({ policyOptimizer: name, policyRate: rate, policyDecay: weightDecay }) =>
    new Map([['policy', optimizerSchema.parse({ name, rate, weightDecay, momentum: 0.9 })]]),
  parameters: (context, options, random) => {
    check(context, options)
    const { owned, policy } = of(context, options)
    const initial = policy
      ? initialPolicy(policy, random, context.teacherValues)
      : new Map<string, Float32Array>()
    return owned.map((info): OwnedParameter => {
      const values =
        initial.get(info.name) ?? context.values.get(info.name.slice(FROZEN.length))!.data.slice()
      return { info: info as OwnedParameter['info'], initial: values }
    })
  },
  plan: (context, options) => {
    check(context, options)
    const structure = of(context, options)
    const { trains, batchNorm } = parts(structure, options, context.spec)
    const before: RouteState = { usage: [], steps: 0 }
    const fixed = structure.policy ? undefined : fixedRoutes(structure, options, before)!
    const warmup = fixed ? 0 : Math.min(options.warmup, context.steps)
    const phases: Phase[] = [
      {
        name: 'warm-up',
        steps: warmup,
        trains: (parameter) => trains(parameter, false),
        batchNorm: (layer) => batchNorm(layer, false),
        forward: (step) =>
          fixedForward(
            step,
            structure,
            structure.blocks.map(() => true),
          ),
      },
      {
        name: fixed ? options.policy : 'route and fine-tune',
        steps: context.steps - warmup,
        trains: (parameter) => trains(parameter, true),
        mayRest: ({ layer }) => layer.startsWith(FROZEN) || typeof structure.placeOf(layer) === 'number',
        batchNorm: (layer) => batchNorm(layer, true),
        forward: (step) =>
          fixed ? fixedForward(step, structure, fixed) : routedForward(step, structure, options),
      },
    ]
    return phases.filter(({ steps }) => steps > 0)
  },
  draws: (context, options) => {
    const { blocks, policy } = of(context, options)
    return policy ? [gumbel(context.spec.train.batchSize, blocks.length)] : []
  },
  create: (context, options) =>
    new SpotTuneRuntime(
      context,
      options,
      of({ graph: context.graph, spec: context.spec, teacher: context.teacher?.graph }, options),
    ),
  finished: ({ graph, values, w0, state }, options, spec) => {
    const { pretrained, ...routes } = state as SpotTuneState
    const teacher =
      pretrained && ({ ...pretrained, parameters: new Map(pretrained.parameters) } as NetworkGraph)
    const structure = structureOf(graph, options, side(spec, graph), teacher)
    const fixed = fixedRoutes(structure, options, routes)
    if (fixed) return { graph, values: chosenValues(graph, structure.blocks, fixed, { values, w0 }) }
    const both = structure.graph
    const all = [...both.parameters.keys()].map((name) => {
      const value = values.get(name) ?? w0.get(name.slice(FROZEN.length))!
      return [name, value] as const
    })
    return { graph: both, values: new Map(all) }
  },
  cost: (context, options) => cost(context, options, of(context, options)),
}
