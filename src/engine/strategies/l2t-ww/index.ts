import { UserError } from '../../../spec/types'
import { optimizerSchema } from '../../../spec/schema'
import { batchNormModes } from '../batchNorm'
import { momentumOf, teacherOf } from '../matching/options'
import { regressorParameters } from '../matching/regressor'
import type { NetworkContext, Strategy } from '../types'
import { cost } from './cost'
import { jointForward } from './forward'
import { meta, type Options } from './meta'
import { META, metaParameters } from './metaNetworks'
import { pairsOf } from './pairs'
import { L2tRuntime } from './runtime'
import { checkOptimizer, looksAhead } from './settings'
import { regressorOf } from './transfer'

function check({ pretrained, spec }: NetworkContext, options: Options): void {
  if (options.start === 'pretrained' && !pretrained)
    throw new UserError(
      'strategy.start: "pretrained" needs a model with weights, and this one has none; name a model file, or write "random"',
    )
  if (looksAhead(options)) checkOptimizer(spec)
}

/** Learns what and where to transfer between networks of any architectures (Jang et al. 2019). */
export const l2tWw: Strategy<Options> = {
  meta,
  fromScratch: ({ start }) => start === 'random',
  // one rate for all from random values, as in the authors' code
  headFactor: ({ start }) => (start === 'random' ? 1 : 10),
  teacher: teacherOf,
  optimizers: (options) =>
    looksAhead(options)
      ? new Map([
          [
            META,
            optimizerSchema.parse({
              name: options.metaOptimizer,
              rate: options.metaRate,
              weightDecay: options.metaDecay,
              momentum: 0.9,
            }),
          ],
        ])
      : new Map(),
  parameters: (context, options, random) => {
    check(context, options)
    const { all } = pairsOf(context, options)
    const regressors = all.flatMap((pair) =>
      regressorParameters(
        regressorOf(pair),
        { from: pair.student.shape[2], to: pair.teacher.shape[2] },
        random,
      ),
    )
    return [...regressors, ...metaParameters(all, options, random)]
  },
  plan: (context, options) => {
    check(context, options)
    const pairs = pairsOf(context, options)
    const learns = looksAhead(options)
    return [
      {
        name: learns ? 'transfer and look ahead' : 'transfer',
        steps: context.steps,
        trains: ({ owned }) => !owned || (owned.group !== META && options.beta > 0),
        moves: ({ owned }) => learns && owned?.group === META,
        // a pair whose strength is 0 for every image teaches nothing and learns nothing
        mayRest: ({ owned }) => owned !== undefined,
        batchNorm: batchNormModes(context.spec, () => true, 'train'),
        batchNormMomentum: momentumOf(options),
        ...(options.beta > 0 && { teacherHooks: pairs.teacherLayers }),
        forward: (step) => jointForward(step, pairs, options),
      },
    ]
  },
  create: (context, options) => {
    const { graph, spec, teacher } = context
    return new L2tRuntime(context, options, pairsOf({ graph, spec, teacher: teacher!.graph }, options))
  },
  cost,
}
