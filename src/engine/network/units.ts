import { trunkOf, type TrunkItem } from './trunk'
import type { LayerNode, LayerOp, NetworkGraph } from './types'

/** A block of the trunk: a residual block, an inverted bottleneck, or one convolution with what follows it. */
export interface Unit {
  items: readonly TrunkItem[]
  /** Its first convolution is the network's first. */
  stem: boolean
}

const isConv = (op: LayerOp): boolean => op.kind === 'conv2d' || op.kind === 'depthwiseConv2d'
const isWeighted = (op: LayerOp): boolean => isConv(op) || op.kind === 'dense'

/** A convolution, or the batch norm after one, whose output goes on without an activation: a linear bottleneck. */
function endsLinear(items: readonly TrunkItem[], i: number): boolean {
  const op = items[i]!.node.op
  const before = items[i - 1]?.node.op
  if (op.kind === 'batchNorm' ? !before || !isConv(before) : op.kind !== 'conv2d') return false
  let next = i + 1
  while (items[next]?.node.op.kind === 'zeroPad') next++
  const following = items[next]
  // at the end, or where a residual branches off
  return !following || isWeighted(following.node.op) || (following.merge && following.branch.length > 0)
}

/** Classifier: the last dense layer with the pooling, flattening and dropout before it and the softmax after it. */
function headStart(items: readonly TrunkItem[]): number {
  let i = items.length - 1
  while (i >= 0 && items[i]!.node.op.kind === 'activation') i--
  if (i < 0 || items[i]!.node.op.kind !== 'dense') return items.length
  const light = new Set<LayerOp['kind']>(['dropout', 'globalAveragePool', 'flatten', 'reshape'])
  while (i > 0 && light.has(items[i - 1]!.node.op.kind) && items[i - 1]!.branch.length === 0) i--
  return i
}

/** Cuts a run of items before a residual region, after a merge with its activation, and after linear bottlenecks. */
function segments(items: readonly TrunkItem[]): TrunkItem[][] {
  const out: TrunkItem[][] = [[]]
  const close = (): void => void (out.at(-1)!.length > 0 && out.push([]))
  const tail = new Set<LayerOp['kind']>(['activation', 'dropout'])
  let convolutions = 0
  items.forEach((item, i) => {
    if (item.merge) close()
    // the first convolution's group is the stem, whatever follows
    if (isConv(item.node.op) && ++convolutions === 2) close()
    out.at(-1)!.push(item)
    const next = items[i + 1]
    const merged = out.at(-1)!.some((member) => member.merge)
    if (
      (merged && !(next && tail.has(next.node.op.kind) && next.branch.length === 0)) ||
      endsLinear(items, i)
    )
      close()
  })
  return out.filter((segment) => segment.length > 0)
}

/** A plain chain falls apart at its convolutions; a depthwise one stays with the pointwise one after it. */
function splitPlain(segment: TrunkItem[], linear: boolean): TrunkItem[][] {
  if (linear || segment.some((item) => item.merge)) return [segment]
  const out: TrunkItem[][] = [[]]
  let previous: LayerOp['kind'] | undefined
  for (const item of segment) {
    const kind = item.node.op.kind
    if (isWeighted(item.node.op)) {
      const pointwise = previous === 'depthwiseConv2d' && kind === 'conv2d'
      if (previous !== undefined && !pointwise) {
        const current = out.at(-1)!
        // padding belongs to the convolution that follows
        const pads = current.at(-1)?.node.op.kind === 'zeroPad' ? current.splice(-1) : []
        out.push(pads)
      }
      previous = kind
    }
    out.at(-1)!.push(item)
  }
  return out
}

const hasWeights = (items: readonly TrunkItem[]): boolean =>
  items.some((item) => [item.node, ...item.branch].some((node) => isWeighted(node.op)))

/** Leading or trailing layers without weights join a neighbour. */
function joinLight(groups: readonly TrunkItem[][]): TrunkItem[][] {
  const out: TrunkItem[][] = []
  let waiting: TrunkItem[] = []
  for (const group of groups) {
    if (hasWeights(group)) {
      out.push([...waiting, ...group])
      waiting = []
    } else if (
      out.length === 0 ||
      group.some((item) => item.node.op.kind === 'zeroPad' || item.node.op.kind === 'batchNorm')
    ) {
      waiting.push(...group)
    } else out.at(-1)!.push(...group)
  }
  if (waiting.length > 0) {
    if (out.length > 0) out.at(-1)!.push(...waiting)
    else out.push(waiting)
  }
  return out
}

/** Blocks bottom up, and the classifier's layers (empty when the graph ends without one). */
export function unitsOf(graph: NetworkGraph): { units: Unit[]; head: LayerNode[] } {
  const items = trunkOf(graph)
  const start = headStart(items)
  const body = items.slice(0, start)
  const groups = segments(body).flatMap((segment) => {
    const last = body.indexOf(segment.at(-1)!)
    return splitPlain(segment, endsLinear(body, last))
  })
  const head = items.slice(start).flatMap((item) => [...item.branch, item.node])
  const units = joinLight(groups).map((group, i) => ({ items: group, stem: i === 0 }))
  return { units, head }
}
