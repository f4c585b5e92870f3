import { UserError } from '../../spec/types'
import type { LayerInfo } from '../../events/types'
import { labelsOf, patternMatcher } from './pattern'
import { suggest } from './suggest'
import type { LayerNode, NetworkGraph } from './types'

const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1)

/** A layer with parameters: a node of the graph, or one that a strategy brought along. */
type Row = Pick<LayerNode, 'name' | 'stage' | 'block' | 'parameters'> & { kind: string }

function weighted(graph: NetworkGraph): Row[] {
  const rows: Row[] = graph.nodes
    .filter((node) => Object.keys(node.parameters).length > 0)
    .map((node) => ({ ...node, kind: node.op.kind }))
  const owned = new Map<string, Row & { parameters: Record<string, string> }>()
  for (const { name, layer, owned: by } of graph.parameters.values()) {
    if (!by) continue
    const row = owned.get(layer) ?? { name: layer, stage: by.stage, block: '', kind: by.kind, parameters: {} }
    row.parameters[name] = name
    owned.set(layer, row)
  }
  return [...rows, ...owned.values()]
}

/** The layers that have parameters, in graph order; `parameters` counts trainable values, buffers left out. */
export function layerTable(graph: NetworkGraph): LayerInfo[] {
  return weighted(graph).map((node) => {
    const names = Object.values(node.parameters)
    const trainable = names.map((name) => graph.parameters.get(name)!).filter((info) => !info.buffer)
    return {
      name: node.name,
      stage: node.stage,
      block: node.block,
      kind: node.kind,
      parameters: trainable.reduce((sum, info) => sum + size(info.shape), 0),
      names,
      batchNorm: node.kind === 'batchNorm',
    }
  })
}

function noMatch(graph: NetworkGraph, pattern: string): UserError {
  const known = new Set(
    weighted(graph).flatMap((node) => [...labelsOf(node), ...Object.values(node.parameters)]),
  )
  return new UserError(
    `'${pattern}' matches no layer, stage or parameter of ${graph.architecture}; ${suggest(pattern, [...known])}`,
  )
}

/**
 * Parameters and buffers that patterns name by stage (`stage3`), block (`stage3/block 1`), layer or parameter.
 * @throws UserError when a pattern matches nothing, with the nearest name
 */
export function matchParameters(graph: NetworkGraph, patterns: readonly string[]): Set<string> {
  const names = new Set<string>()
  for (const pattern of patterns) {
    const matches = patternMatcher(pattern)
    const before = weighted(graph).flatMap((node) => {
      const all = Object.values(node.parameters)
      return labelsOf(node).some(matches) ? all : all.filter(matches)
    })
    if (before.length === 0) throw noMatch(graph, pattern)
    before.forEach((name) => names.add(name))
  }
  return names
}

/** Layers with parameters that patterns name, in graph order; see `matchParameters`. */
export function matchLayers(graph: NetworkGraph, patterns: readonly string[]): string[] {
  const names = matchParameters(graph, patterns)
  return weighted(graph)
    .filter((node) => Object.values(node.parameters).some((name) => names.has(name)))
    .map((node) => node.name)
}
