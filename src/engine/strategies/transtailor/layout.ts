import { UserError } from '../../../spec/types'
import { channelMap, factorSite, type ChannelGroup, type ChannelMap, type KeptChannels } from '../../network'
import type { LayerNode, NetworkGraph } from '../../network/types'
import type { Options } from './meta'

/** Where the factors of a convolution's filters act. */
export interface Site {
  convolution: string
  /** Name of its channel group. */
  group: string
  /** Index of the group in the channel map. */
  index: number
  /** Layer whose output is multiplied: the batch norm after the convolution, else the convolution. */
  layer: LayerNode
  size: number
  /** Names of the owned parameters, both [size]: trained factors of the round, fixed scale of the rounds before. */
  alpha: string
  scale: string
}

/** What of a network can be cut, and where the factors act. */
export interface Layout {
  map: ChannelMap
  /** Groups that can be cut. */
  groups: readonly ChannelGroup[]
  sites: readonly Site[]
}

/** A batch norm without a scale of its own has no parameter that could take the factor in. */
const holdsFactor = ({ op, parameters }: LayerNode): boolean =>
  op.kind !== 'batchNorm' || parameters.gamma !== undefined

/** @throws UserError for a network without a filter that can be cut */
export function layoutOf(graph: NetworkGraph, { residual }: Pick<Options, 'residual'>): Layout {
  const map = channelMap(graph, residual)
  const sites: Site[] = []
  const groups: ChannelGroup[] = []
  map.groups.forEach((group, index) => {
    const layers = group.convolutions.map((name) => factorSite(graph, name))
    if (group.fixed !== undefined || group.size < 2 || !layers.every(holdsFactor)) return
    groups.push(group)
    group.convolutions.forEach((convolution, i) =>
      sites.push({
        convolution,
        group: group.name,
        index,
        layer: layers[i]!,
        size: group.size,
        alpha: `transtailor.${convolution}.alpha`,
        scale: `transtailor.${convolution}.scale`,
      }),
    )
  })
  if (sites.length === 0) throw new UserError(refusal(graph, map, residual))
  return { map, groups, sites }
}

function refusal(graph: NetworkGraph, map: ChannelMap, residual: Options['residual']): string {
  const why = map.groups.find(({ convolutions, fixed }) => convolutions.length > 0 && fixed !== undefined)
  const instead =
    residual === 'inner'
      ? 'set strategy.residual to "tied", or use "full" or "l2-sp"'
      : 'use "full" or "l2-sp"'
  return why
    ? `strategy: transtailor finds no filter in ${graph.architecture} that it could cut (${why.name}: ${why.fixed}); ${instead}`
    : `strategy: transtailor cuts filters of convolutions, and ${graph.architecture} has none; use "full" or "l2-sp"`
}

/** Channels left, by group of the map. */
export const countsOf = ({ map }: Layout, kept: KeptChannels): number[] =>
  map.groups.map(({ name, size }) => kept.get(name)?.length ?? size)
