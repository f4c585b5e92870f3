import type { BatchNormMode } from '../../../events/types'
import { UserError } from '../../../spec/types'
import { chosenValues } from '../routing/fixed'
import { FROZEN } from '../routing/names'
import type { NetworkContext, OwnedParameter, Strategy } from '../types'
import { cost } from './cost'
import { fixedForward, gatedForward, gumbel } from './forward'
import { initialGates } from './gates'
import { meta, type Options } from './meta'
import { AdaFilterRuntime } from './runtime'
import { structureOf, type Structure } from './sites'

function check({ pretrained }: NetworkContext): void {
  if (!pretrained)
    throw new UserError(
      'strategy: adafilter chooses between pre-trained and tuned filters, and the model has no pre-trained weights; name a model file, or use full or scratch',
    )
}

/** Layers of the plain graph that train. */
function trainsLayer({ sites }: Structure, { gates, others, gatedNorm }: Options, { graph }: NetworkContext) {
  const gated = new Set(sites.flatMap(({ conv, norm }) => (norm && gatedNorm ? [conv, norm] : [conv])))
  const shared = new Set(sites.flatMap(({ norm }) => (norm && !gatedNorm ? [norm] : [])))
  const head = new Set(graph.nodes.filter(({ stage }) => stage === 'head').map(({ name }) => name))
  return (layer: string): boolean =>
    gated.has(layer) ? gates !== 'all-frozen' : shared.has(layer) || head.has(layer) || others === 'tuned'
}

/** Chooses between two filter banks for each image and filter: a reconstruction (strategies.md section 7). */
export const adafilter: Strategy<Options> = {
  meta,
  optimizers: ({ gateRate }, { train: { optimizer } }) =>
    new Map([['gates', { ...optimizer, rate: gateRate ?? optimizer.rate }]]),
  parameters: (context, options, random) => {
    check(context)
    const { owned } = structureOf(context.graph, options)
    const initial = initialGates(
      owned.filter(({ owned: by }) => by?.group === 'gates'),
      options,
      random,
    )
    return owned.map((info): OwnedParameter => {
      const values =
        initial.get(info.name) ?? context.values.get(info.name.slice(FROZEN.length))!.data.slice()
      return { info: info as OwnedParameter['info'], initial: values }
    })
  },
  plan: (context, options) => {
    check(context)
    const structure = structureOf(context.graph, options)
    const trains = trainsLayer(structure, options, context)
    const gated = new Set(structure.sites.flatMap(({ layers }) => layers))
    const learns = options.gates === 'learned' || options.gates === 'shuffled'
    const mode = context.spec.train.batchNorm ?? 'train'
    const batchNorm = (layer: string): BatchNormMode => {
      if (layer.startsWith(FROZEN)) return options.frozenNorms === 'adapted' ? mode : 'frozen'
      return trains(layer) ? mode : 'frozen'
    }
    return [
      {
        name: structure.decides ? 'gate and fine-tune' : options.gates,
        steps: context.steps,
        trains: ({ layer, owned }) => (owned ? owned.group !== 'gates' || learns : trains(layer)),
        mayRest: ({ layer, owned }) => owned?.group !== 'gates' && (owned !== undefined || gated.has(layer)),
        batchNorm,
        forward: (step) =>
          structure.decides
            ? gatedForward(step, structure, options)
            : fixedForward(step, structure, options.gates === 'all-tuned'),
      },
    ]
  },
  draws: ({ graph, spec }, options) =>
    options.estimator === 'gumbel' && options.gates !== 'all-tuned' && options.gates !== 'all-frozen'
      ? structureOf(graph, options).sites.map((site) => gumbel(site, spec.train.batchSize))
      : [],
  create: (context, options) => new AdaFilterRuntime(context, options, structureOf(context.graph, options)),
  finished: ({ graph, values, w0 }, options) => {
    const { sites, decides, graph: both } = structureOf(graph, options)
    if (!decides) {
      const tuned = sites.map(() => options.gates === 'all-tuned')
      return { graph, values: chosenValues(graph, sites, tuned, { values, w0 }) }
    }
    const all = [...both.parameters.keys()].map((name) => {
      const value = values.get(name) ?? w0.get(name.slice(FROZEN.length))!
      return [name, value] as const
    })
    return { graph: both, values: new Map(all) }
  },
  cost: (context, options) => cost(context, options, structureOf(context.graph, options)),
}
