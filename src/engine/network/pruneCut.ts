import type { ChannelMap } from './pruneGroups'
import type { LayerNode, LayerOp, NetworkGraph, ParameterInfo, PlainValue, Role } from './types'

/** Channels that are left of each group that lost some, ascending, by the group's name. */
export type KeptChannels = ReadonlyMap<string, readonly number[]>

/** Positions that are left along each axis of a parameter; undefined where the axis is whole. */
export type KeptAxes = readonly (readonly number[] | undefined)[]

/** By parameter; those that are missing are whole. */
export type KeptParameters = ReadonlyMap<string, KeptAxes>

/** Positions in a layer's output that are left; undefined where all are. */
export function keptOutputs(
  { groups, outputs }: ChannelMap,
  layer: string,
  kept: KeptChannels,
): number[] | undefined {
  const parts = outputs.get(layer)!
  if (!parts.some((part) => kept.has(groups[part]!.name))) return undefined
  const positions: number[] = []
  let offset = 0
  for (const part of parts) {
    const { name, size } = groups[part]!
    const left = kept.get(name)
    for (let i = 0; i < (left?.length ?? size); i++) positions.push(offset + (left ? left[i]! : i))
    offset += size
  }
  return positions
}

/** Axes of a parameter along which its layer's input and output channels lie. */
function axesOf(op: LayerOp, role: Role): { read?: number; written?: number } {
  if (op.kind === 'conv2d' && role === 'kernel') return { read: 2, written: 3 }
  if (op.kind === 'depthwiseConv2d' && role === 'kernel') return { written: 2 }
  if (op.kind === 'dense' && role === 'kernel') return { read: 0, written: 1 }
  return { written: 0 }
}

/**
 * The network with only the kept channels: filters, batch norms, what reads them, the classifier's columns.
 * Parameters that belong to no layer stay as they are.
 */
export function pruneGraph(
  graph: NetworkGraph,
  map: ChannelMap,
  kept: KeptChannels,
): { graph: NetworkGraph; parameters: KeptParameters } {
  const left = new Map<string, KeptAxes>()
  const parameters = new Map(graph.parameters)
  const nodes = graph.nodes.map((node): LayerNode => {
    const written = keptOutputs(map, node.name, kept)
    const read = node.inputs.length > 0 ? keptOutputs(map, node.inputs[0]!, kept) : undefined
    for (const [role, name] of Object.entries(node.parameters) as [Role, string][]) {
      const axes = axesOf(node.op, role)
      const info = graph.parameters.get(name)!
      const rows = info.shape.map((_, axis) =>
        axis === axes.written ? written : axis === axes.read ? read : undefined,
      )
      if (rows.every((row) => row === undefined)) continue
      left.set(name, rows)
      parameters.set(name, narrowInfo(info, rows))
    }
    return written ? { ...node, op: narrowOp(node.op, written.length) } : node
  })
  return { graph: { ...graph, nodes, parameters }, parameters: left }
}

function narrowOp(op: LayerOp, channels: number): LayerOp {
  if (op.kind === 'conv2d') return { ...op, filters: channels }
  if (op.kind === 'reshape' && op.shape.at(-1)! > 0)
    return { ...op, shape: [...op.shape.slice(0, -1), channels] }
  return op
}

/** The same parameter with the rows that are left. */
export function narrowInfo(info: ParameterInfo, rows: KeptAxes): ParameterInfo {
  return { ...info, shape: info.shape.map((n, axis) => rows[axis]?.length ?? n) }
}

/** Values of the rows that are left. */
export function takeRows({ shape, data }: PlainValue, rows: KeptAxes): PlainValue {
  let value: PlainValue = { shape, data }
  rows.forEach((positions, axis) => {
    if (positions) value = takeAlong(value, axis, positions)
  })
  return value
}

function takeAlong({ shape, data }: PlainValue, axis: number, positions: readonly number[]): PlainValue {
  const size = (dims: readonly number[]) => dims.reduce((a, b) => a * b, 1)
  const [outer, inner] = [size(shape.slice(0, axis)), size(shape.slice(axis + 1))]
  const length = shape[axis]!
  const out = new Float32Array(outer * positions.length * inner)
  for (let o = 0; o < outer; o++)
    positions.forEach((position, i) => {
      const from = (o * length + position) * inner
      out.set(data.subarray(from, from + inner), (o * positions.length + i) * inner)
    })
  return { shape: shape.map((n, i) => (i === axis ? positions.length : n)), data: out }
}

/**
 * Where the rows of a narrower network lie in a wider one; both are given by what is left of a third.
 * @throws Error when the wider one lacks a row
 */
export function rowsWithin(
  wider: KeptAxes | undefined,
  narrower: KeptAxes | undefined,
  rank: number,
): KeptAxes {
  return Array.from({ length: rank }, (_, axis) => {
    const [from, to] = [wider?.[axis], narrower?.[axis]]
    if (!from) return to
    if (!to) throw new Error('a cut network cannot grow from its own values')
    const places = new Map(from.map((position, i) => [position, i]))
    return to.map((position) => {
      const place = places.get(position)
      if (place === undefined) throw new Error(`row ${position} is no longer there`)
      return place
    })
  })
}
