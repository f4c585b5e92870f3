import { trunkOf } from '../../network/trunk'
import { unitsOf } from '../../network/units'
import type { LayerNode, NetworkGraph } from '../../network/types'

/** A part of the network between two layers of its trunk, of which a second copy can be run. */
export interface Block {
  /** For people: `stage3/block 1`. */
  label: string
  stage: string
  /** Layers of which the copy is made; the shortcut and the sum are not among them. */
  layers: readonly string[]
  /** The one of them whose output the rest of the network reads. */
  output: string
}

const isWeighted = ({ op }: LayerNode): boolean =>
  op.kind === 'conv2d' || op.kind === 'depthwiseConv2d' || op.kind === 'dense'

/** `name` and the layers among `branch` that it is computed from. */
function ancestors(branch: readonly LayerNode[], name: string): Set<string> {
  const byName = new Map(branch.map((node) => [node.name, node]))
  const found = new Set<string>()
  const visit = (at: string): void => {
    const node = byName.get(at)
    if (!node || found.has(at)) return
    found.add(at)
    node.inputs.forEach(visit)
  }
  visit(name)
  return found
}

function block(graph: NetworkGraph, layers: ReadonlySet<string>, output: string): Block {
  const { stage, block: place } = graph.nodes.find(({ name }) => name === output)!
  const inOrder = graph.nodes.filter(({ name }) => layers.has(name)).map(({ name }) => name)
  return { label: place ? `${stage}/${place}` : stage, stage, layers: inOrder, output }
}

/**
 * F of each residual block x + F(x), bottom up: of the two sides of a sum on the trunk, the one with more weights; the
 * other is the shortcut, with a projection or without.
 * @param whole the sum and the activation after it belong to the block too
 */
export function residualBlocks(graph: NetworkGraph, whole = false): Block[] {
  const trunk = trunkOf(graph)
  return trunk.flatMap(({ node, branch }, i) => {
    if (node.op.kind !== 'add' || node.inputs.length !== 2 || branch.length === 0) return []
    const weights = (layers: ReadonlySet<string>): number =>
      branch.filter((other) => layers.has(other.name) && isWeighted(other)).length
    const sides = node.inputs.map((name) => ({ name, layers: ancestors(branch, name) }))
    const [shortcut, f] = sides.sort((a, b) => weights(a.layers) - weights(b.layers)) as [
      (typeof sides)[0],
      (typeof sides)[0],
    ]
    const own = new Set([...f.layers].filter((name) => !shortcut.layers.has(name)))
    if (weights(own) === 0) return []
    const next = trunk[i + 1]?.node
    if (!whole || next?.op.kind !== 'activation') return [block(graph, own, f.name)]
    return [block(graph, new Set([...own, node.name, next.name]), next.name)]
  })
}

/** Those, and every other block above the stem whole: one that changes the width in a MobileNet, or one convolution. */
export function allBlocks(graph: NetworkGraph, whole = false): Block[] {
  const residual = new Map(residualBlocks(graph, whole).map((found) => [found.layers.at(-1)!, found]))
  return unitsOf(graph).units.flatMap(({ items, stem }) => {
    if (stem) return []
    const nodes = items.flatMap((item) => [...item.branch, item.node])
    const inside = nodes.flatMap(({ name }) => residual.get(name) ?? [])
    if (inside.length > 0) return inside
    if (!nodes.some(isWeighted)) return []
    return [block(graph, new Set(nodes.map(({ name }) => name)), items.at(-1)!.node.name)]
  })
}

/** Layers of the shortcuts of residual blocks. */
export function shortcutLayers(graph: NetworkGraph): Set<string> {
  const routed = new Set(residualBlocks(graph).flatMap(({ layers }) => layers))
  const sums = trunkOf(graph).filter(({ node, branch }) => node.op.kind === 'add' && branch.length > 0)
  return new Set(
    sums.flatMap(({ branch }) => branch.map(({ name }) => name)).filter((name) => !routed.has(name)),
  )
}
