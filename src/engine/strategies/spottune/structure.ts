import { UserError } from '../../../spec/types'
import type { LayerNode, NetworkGraph, ParameterInfo } from '../../network/types'
import { allBlocks, residualBlocks, type Block } from '../routing/blocks'
import { addBranches, type Branch } from '../routing/graph'
import { ownNorms } from '../routing/names'
import type { Options } from './meta'
import { GATES, policyNetwork, type PolicyNetwork } from './policy'

/** Where a layer belongs: `stem`, `head`, a routed block by its index, or what is left. */
export type Place = 'stem' | 'head' | 'others' | number

export interface Structure {
  blocks: readonly Block[]
  /** Undefined where no policy decides: all tuned, all frozen. */
  policy?: PolicyNetwork
  /** Both branches of every block, and the policy. */
  graph: NetworkGraph
  /** The strategy's own parameters. */
  owned: readonly ParameterInfo[]
  placeOf(layer: string): Place
}

/**
 * @param inputSize side of the network's input
 * @param pretrained backbone of a pre-trained policy
 * @throws UserError when there is no block to route
 */
export function structureOf(
  graph: NetworkGraph,
  options: Options,
  inputSize: number,
  pretrained?: NetworkGraph,
): Structure {
  const blocks = findBlocks(graph, options)
  const decides = options.policy !== 'all-tuned' && options.policy !== 'all-frozen'
  const policy = decides ? policyNetwork(graph, blocks.length, options, inputSize, pretrained) : undefined
  const norms =
    options.frozenNorms === 'adapted' && options.policy !== 'all-tuned'
      ? ownNorms(
          graph,
          blocks.flatMap(({ layers }) => layers),
        )
      : []
  const owned = [...norms, ...(policy?.parameters ?? [])]
  const places = new Map<string, Place>(graph.nodes.map(({ name, stage }) => [name, placeBy(stage)]))
  blocks.forEach(({ layers }, i) => layers.forEach((layer) => places.set(layer, i)))
  const branches = blocks.map((block, gate): Branch => ({ ...block, gates: GATES, gate }))
  const second = graph.nodes[1]!.name
  const before = (node: LayerNode): readonly LayerNode[] => (node.name === second ? policy!.nodes : [])
  return {
    blocks,
    policy,
    graph: policy
      ? {
          ...addBranches(graph, branches, before, owned),
          architecture: `spottune(${graph.architecture})`,
        }
      : graph,
    owned,
    placeOf: (layer) => places.get(layer) ?? 'others',
  }
}

const placeBy = (stage: string): Place => (stage === 'stem' || stage === 'head' ? stage : 'others')

const hasFilters = ({ nodes }: NetworkGraph): boolean =>
  nodes.some(({ op }) => op.kind === 'conv2d' || op.kind === 'depthwiseConv2d')

function findBlocks(graph: NetworkGraph, { blocks: which, k, mix }: Options): Block[] {
  const find = which === 'all' ? allBlocks : residualBlocks
  const blocks = find(graph, mix === 'activation')
  if (blocks.length === 0) {
    const all = allBlocks(graph).length
    const other = hasFilters(graph)
      ? 'use adafilter, which decides by filter'
      : 'use "l2-sp", which fits any network'
    throw new UserError(
      which === 'residual' && all > 0
        ? `strategy: spottune routes residual blocks, and ${graph.architecture} has none; write "blocks": "all" to route its ${all === 1 ? 'one block' : `${all} blocks`} without a skip connection, or ${other}`
        : `strategy: ${graph.architecture} has no block above its stem that could be routed; ${other}`,
    )
  }
  if (k !== undefined && k > blocks.length)
    throw new UserError(
      `strategy.k: the network has ${blocks.length} routed blocks, not ${k}; write a number from 0 to ${blocks.length}`,
    )
  return blocks
}
