import { UserError } from '../../spec/types'
import {
  architectures,
  channelMap,
  createGraph,
  cutGraph,
  inferStages,
  pruneGraph,
  type KeptChannels,
  type NetworkGraph,
} from '../network'
import { originShape } from './layout'
import type { Entry } from './safetensorsHeader'

export interface Recognised {
  architecture: string
  /** Last stage that the file has, when it was cut; undefined for a whole network with its classifier. */
  cut?: string
  /** Outputs of the classifier, for a whole network. */
  classes?: number
  /** The file has fewer channels than the architecture, as TransTailor leaves it. */
  narrowed?: boolean
}

/** Bias-free layers tell architectures apart by their names and shapes; the classifier's width may differ. */
function fits(graph: NetworkGraph, entries: ReadonlyMap<string, Entry>): boolean {
  for (const info of graph.parameters.values()) {
    const entry = entries.get(info.name)
    if (!entry || entry.shape.join() !== originShape(info).join()) return false
  }
  return true
}

function classifierOf(graph: NetworkGraph): string {
  const dense = graph.nodes.findLast((node) => node.op.kind === 'dense')
  return dense!.parameters.kernel!
}

function tryArchitecture(
  architecture: string,
  entries: ReadonlyMap<string, Entry>,
  shape: (graph: NetworkGraph) => NetworkGraph | undefined = (graph) => graph,
): Recognised | undefined {
  const full = createGraph(architecture)
  const suits = (graph: NetworkGraph) => {
    const shaped = shape(graph)
    return shaped !== undefined && fits(shaped, entries)
  }
  const classes = entries.get(classifierOf(full))?.shape[0]
  if (classes !== undefined && classes > 0) {
    return suits(createGraph(architecture, { classes })) ? { architecture, classes } : undefined
  }
  // a backbone: the longest prefix of stages that the file has whole
  const cuts = inferStages(full)
    .map((stage) => stage.name)
    .filter((name) => name !== 'head')
  for (const cut of cuts.reverse()) if (suits(cutGraph(full, cut))) return { architecture, cut }
  return undefined
}

/**
 * The graph with as many channels in each group as a file has filters; undefined where the file has more than the
 * graph, or no such filters. Which channels of the whole network they were does not matter.
 */
export function narrowTo(graph: NetworkGraph, entries: ReadonlyMap<string, Entry>): NetworkGraph | undefined {
  const map = channelMap(graph, 'tied')
  const kept = new Map<string, readonly number[]>()
  for (const { name, size, convolutions } of map.groups) {
    const node = graph.nodes.find((one) => one.name === convolutions[0])
    if (!node) continue
    // kernels are OIHW in the file, [channels, 1, height, width] of a depthwise one
    const count = entries.get(node.parameters.kernel!)?.shape[0] ?? 0
    if (count < 1 || count > size) return undefined
    if (count < size)
      kept.set(
        name,
        Array.from({ length: count }, (_, i) => i),
      )
  }
  return pruneGraph(graph, map, kept satisfies KeptChannels).graph
}

/**
 * The architecture that a file's names and shapes belong to, whole or cut after a stage.
 * @param wanted the run file's `architecture`, or what our own export notes in a file; then only that one is tried, also
 * with fewer channels, and mismatches are left to matching
 * @throws UserError when none fits
 */
export function recognise(entries: ReadonlyMap<string, Entry>, file: string, wanted?: string): Recognised {
  if (wanted !== undefined) {
    const full = createGraph(wanted)
    const found = tryArchitecture(wanted, entries)
    if (found) return found
    const narrowed = tryArchitecture(wanted, entries, (graph) => narrowTo(graph, entries))
    if (narrowed) return { ...narrowed, narrowed: true }
    const classes = entries.get(classifierOf(full))?.shape[0]
    return { architecture: wanted, ...(classes ? { classes } : {}) }
  }
  const candidates = architectures
    .map((name) => tryArchitecture(name, entries))
    .filter((found) => found !== undefined)
  // ResNet-34 has all that ResNet-18 has: the one that leaves least of the file unused
  const unused = ({ architecture, cut, classes }: Recognised): number => {
    const whole = createGraph(architecture, { classes })
    return entries.size - (cut === undefined ? whole : cutGraph(whole, cut)).parameters.size
  }
  const best = candidates.sort((a, b) => unused(a) - unused(b))[0]
  // a stem alone could be many things
  if (best && best.cut !== 'stem') return best
  const likely = nearest(entries)
  throw new UserError(
    `${file} is of no architecture that is known (${architectures.join(', ')})` +
      (likely
        ? `; its names look like ${likely}: set model.architecture to see what differs`
        : '; set model.architecture'),
  )
}

/** Architecture that shares most names with the file, if more than half of its own. */
function nearest(entries: ReadonlyMap<string, Entry>): string | undefined {
  const shares = architectures.map((name) => {
    const names = [...createGraph(name).parameters.keys()]
    return { name, share: names.filter((n) => entries.has(n)).length / names.length }
  })
  const best = shares.sort((a, b) => b.share - a.share)[0]
  return best && best.share > 0.5 ? best.name : undefined
}
