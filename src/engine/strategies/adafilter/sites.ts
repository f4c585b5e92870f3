import { UserError } from '../../../spec/types'
import { inferShapes } from '../../network'
import type { LayerNode, NetworkGraph, ParameterInfo } from '../../network/types'
import { shortcutLayers, type Block } from '../routing/blocks'
import { addBranches, type Branch } from '../routing/graph'
import { ownNorms } from '../routing/names'
import { gateLayers, gateParameters, gatesOf } from './gates'
import type { Options } from './meta'

/** A convolution whose filters are decided for, with its batch norm. */
export interface Site extends Block {
  conv: string
  /** The batch norm that alone reads the convolution. */
  norm?: string
  /** Of its input. */
  channels: number
  filters: number
}

export interface Structure {
  /** Bottom up. */
  sites: readonly Site[]
  /** Both filter banks of every site and the gate network; the plain graph where no gate decides. */
  graph: NetworkGraph
  decides: boolean
  owned: readonly ParameterInfo[]
}

/** @throws UserError when there is no convolution to decide for */
export function structureOf(graph: NetworkGraph, options: Options): Structure {
  const sites = findSites(graph, options)
  const decides = options.gates !== 'all-tuned' && options.gates !== 'all-frozen'
  const norms =
    options.frozenNorms === 'adapted' && options.gatedNorm && options.gates !== 'all-tuned'
      ? ownNorms(
          graph,
          sites.flatMap(({ norm }) => norm ?? []),
        )
      : []
  if (!decides) return { sites, graph, decides, owned: norms }
  const owned = [...norms, ...gateParameters(sites, options)]
  const branches = sites.map((site): Branch => ({ ...site, gates: gatesOf(site.conv) }))
  const byConv = new Map(sites.map((site, i) => [site.conv, i]))
  const before = (node: LayerNode, input: (name: string) => string): LayerNode[] => {
    const i = byConv.get(node.name)
    return i === undefined ? [] : gateLayers(sites[i]!, input(node.inputs[0]!), sites[i - 1]?.conv, options)
  }
  const both = addBranches(graph, branches, before, owned)
  return { sites, graph: { ...both, architecture: `adafilter(${graph.architecture})` }, decides, owned }
}

function findSites(graph: NetworkGraph, options: Options): Site[] {
  const { pointwise, shortcuts, stem, gatedNorm } = options
  const shapes = inferShapes(graph)
  const inShortcut = shortcutLayers(graph)
  const readers = new Map<string, LayerNode[]>()
  for (const node of graph.nodes)
    for (const input of node.inputs) readers.set(input, [...(readers.get(input) ?? []), node])
  const sites = graph.nodes.flatMap((node): Site[] => {
    const { name, op, stage, block } = node
    if (op.kind !== 'conv2d' && op.kind !== 'depthwiseConv2d') return []
    const isPointwise = op.kind === 'conv2d' && op.kernel[0] === 1 && op.kernel[1] === 1
    if ((stage === 'stem' && !stem) || (inShortcut.has(name) && !shortcuts) || (isPointwise && !pointwise))
      return []
    const [reader, ...others] = readers.get(name) ?? []
    const norm = others.length === 0 && reader?.op.kind === 'batchNorm' ? reader.name : undefined
    const layers = norm !== undefined && gatedNorm ? [name, norm] : [name]
    return [
      {
        label: block ? `${stage}/${block}` : stage,
        stage,
        layers,
        output: layers.at(-1)!,
        conv: name,
        ...(norm !== undefined && { norm }),
        channels: shapes.get(node.inputs[0]!)!.at(-1)!,
        filters: shapes.get(name)!.at(-1)!,
      },
    ]
  })
  if (sites.length > 0) return sites
  const all = graph.nodes.filter(({ op }) => op.kind === 'conv2d' || op.kind === 'depthwiseConv2d').length
  throw new UserError(
    all === 0
      ? `strategy: adafilter decides by filter of a convolution, and ${graph.architecture} has none; use l2-sp, which fits any network`
      : `strategy: none of the ${all} convolutions of ${graph.architecture} is left to decide for; set "stem", "pointwise" or "shortcuts" to true`,
  )
}
