import type { LayerNode, NetworkGraph, Stage } from './types'
import { unitsOf, type Unit } from './units'
import { inferShapes } from './shapes'

/** Reduction of the picture's side by strides, per layer, whatever the input size. */
export function reductions(graph: NetworkGraph): Map<string, number> {
  const out = new Map<string, number>()
  for (const node of graph.nodes) {
    const before = Math.max(1, ...node.inputs.map((name) => out.get(name)!))
    const stride = 'strides' in node.op ? node.op.strides[0] : 1
    out.set(node.name, before * stride)
  }
  return out
}

/** Reduction and width of a block as `8x40`, before a pooling that closes it: VGG counts its pool to the next stage. */
function signature(
  unit: Unit,
  reduction: Map<string, number>,
  shapes: Map<string, readonly number[]>,
): string {
  const items = [...unit.items]
  while (
    items.length > 1 &&
    ['maxPool', 'avgPool', 'globalAveragePool', 'dropout', 'flatten'].includes(items.at(-1)!.node.op.kind)
  ) {
    items.pop()
  }
  const name = items.at(-1)!.node.name
  return `${reduction.get(name)}x${shapes.get(name)!.at(-1)}`
}

interface Placed {
  node: LayerNode
  stage: string
  block: string
}

function place(graph: NetworkGraph): Placed[] {
  const { units, head } = unitsOf(graph)
  const reduction = reductions(graph)
  const shapes = inferShapes(graph)
  const placed: Placed[] = []
  let stage = 0
  let block = 0
  let last = ''
  for (const unit of units) {
    const nodes = unit.items.flatMap((item) => [...item.branch, item.node])
    if (unit.stem) {
      placed.push(...nodes.map((node) => ({ node, stage: 'stem', block: '' })))
      continue
    }
    const now = signature(unit, reduction, shapes)
    if (now !== last) {
      stage++
      block = 0
      last = now
    }
    placed.push(...nodes.map((node) => ({ node, stage: `stage${stage}`, block: `block ${block}` })))
    block++
  }
  return [...placed, ...head.map((node) => ({ node, stage: 'head', block: '' }))]
}

/**
 * Stages bottom up: those its nodes already carry (a part of a network keeps the stages of the whole), else read from the graph's structure and not from its names: `stem` is the first convolution with
 * what belongs to it; a new stage begins where the resolution or the trunk's width changes between blocks; `head`
 * is the last dense layer with its pooling and dropout. Blocks are what lies between merges, between linear
 * bottlenecks, or one convolution of a plain chain.
 */
export function inferStages(graph: NetworkGraph): Stage[] {
  const stages = new Map<string, LayerNode[]>()
  const placed = graph.nodes.every((node) => node.stage !== '')
    ? graph.nodes.map((node) => ({ node, stage: node.stage }))
    : place(graph)
  for (const { node, stage } of placed) {
    const members = stages.get(stage)
    if (members) members.push(node)
    else stages.set(stage, [node])
  }
  return [...stages].map(([name, nodes]) => ({
    name,
    layers: nodes.map((node) => node.name),
    output: nodes.at(-1)!.name,
  }))
}

/** The same graph with `stage` and `block` of every layer filled in from its structure. */
export function assignStages(graph: NetworkGraph): NetworkGraph {
  const places = new Map(place(graph).map((placed) => [placed.node.name, placed]))
  const nodes = graph.nodes.map((node) => {
    const { stage, block } = places.get(node.name)!
    return { ...node, stage, block }
  })
  return { ...graph, nodes }
}
