import { inferShapes } from './shapes'
import type { LayerNode, NetworkGraph } from './types'

/** Channels that can only be cut together: what one convolution writes, and all that is tied to it. */
export interface ChannelGroup {
  /** Of the first layer that writes it. */
  name: string
  /** Channels. */
  size: number
  /** Convolutions with one filter for each channel, in graph order. */
  convolutions: readonly string[]
  /** Why no channel of it can be cut; undefined where they can. */
  fixed?: string
}

/** Which channels each layer's output consists of. */
export interface ChannelMap {
  groups: readonly ChannelGroup[]
  /**
   * Index into `groups` for each run of channels of a layer's output, in order. A concatenation has several; a
   * flattened picture repeats its own once for each position.
   */
  outputs: ReadonlyMap<string, readonly number[]>
}

/**
 * Which groups of a residual network may be cut: `inner` leaves every stream that branches are added to as it is,
 * `tied` cuts all convolutions that write one stream together.
 */
export type ResidualRule = 'inner' | 'tied'

interface Draft {
  name: string
  size: number
  convolutions: string[]
  fixed?: string
  /** Branches are added to it. */
  stream: boolean
}

/** Groups of channels under construction: sets that are merged (union-find). */
class Drafts {
  private readonly drafts: Draft[] = []
  private readonly parents: number[] = []

  open(name: string, size: number, fixed?: string): number {
    this.drafts.push({ name, size, convolutions: [], fixed, stream: false })
    return this.parents.push(this.parents.length) - 1
  }

  root(i: number): number {
    while (this.parents[i] !== i) i = this.parents[i]!
    return i
  }

  of(i: number): Draft {
    return this.drafts[this.root(i)]!
  }

  fix(parts: readonly number[], why: string): void {
    for (const part of parts) this.of(part).fixed ??= why
  }

  /** Ties outputs channel by channel; they keep all channels where their parts do not lie alike. */
  tie(outputs: readonly (readonly number[])[], stream: boolean): void {
    const sizes = outputs.map((parts) => parts.map((part) => this.of(part).size).join())
    if (sizes.some((size) => size !== sizes[0]))
      return outputs.forEach((parts) => this.fix(parts, 'it is merged with channels of another division'))
    const [first, ...rest] = outputs
    for (const parts of rest) parts.forEach((part, i) => this.union(first![i]!, part))
    if (stream) for (const part of first!) this.of(part).stream = true
  }

  private union(a: number, b: number): void {
    const [to, from] = [this.root(a), this.root(b)].sort((x, y) => x - y) as [number, number]
    if (to === from) return
    const [kept, lost] = [this.drafts[to]!, this.drafts[from]!]
    this.parents[from] = to
    kept.convolutions.push(...lost.convolutions)
    kept.fixed ??= lost.fixed
    kept.stream ||= lost.stream
  }

  /** @returns the groups, and the place of each draft among them */
  close(rule: ResidualRule): { groups: ChannelGroup[]; place: (part: number) => number } {
    const places = new Map<number, number>()
    const groups: ChannelGroup[] = []
    this.drafts.forEach(({ name, size, convolutions, fixed, stream }, i) => {
      if (this.root(i) !== i) return
      places.set(i, groups.length)
      const why = fixed ?? (rule === 'inner' && stream ? 'branches are added to it' : undefined)
      groups.push({ name, size, convolutions, ...(why !== undefined && { fixed: why }) })
    })
    return { groups, place: (part) => places.get(this.root(part))! }
  }
}

/** Activations that turn a channel of zeros into something else. */
const NOT_AT_ZERO: ReadonlySet<string> = new Set(['sigmoid', 'softmax'])

/**
 * Follows every channel through the network: a depthwise convolution is tied to its producer, a residual addition or
 * a gate ties its branches, the classifier and the picture keep theirs.
 */
export function channelMap(graph: NetworkGraph, rule: ResidualRule = 'inner'): ChannelMap {
  const shapes = inferShapes(graph)
  const drafts = new Drafts()
  const outputs = new Map<string, readonly number[]>()
  for (const node of graph.nodes) outputs.set(node.name, follow(node, graph, outputs, shapes, drafts))
  drafts.fix(outputs.get(graph.output)!, "it is the network's output")
  for (const node of shared(graph))
    for (const name of [node.name, ...node.inputs])
      drafts.fix(outputs.get(name)!, 'its layer shares parameters with another')
  const { groups, place } = drafts.close(rule)
  return { groups, outputs: new Map([...outputs].map(([name, parts]) => [name, parts.map(place)])) }
}

function follow(
  node: LayerNode,
  graph: NetworkGraph,
  outputs: ReadonlyMap<string, readonly number[]>,
  shapes: ReadonlyMap<string, readonly number[]>,
  drafts: Drafts,
): readonly number[] {
  const { op, name } = node
  const inputs = node.inputs.map((input) => outputs.get(input)!)
  const x = inputs[0] ?? []
  const channels = shapes.get(name)!.at(-1)!
  switch (op.kind) {
    case 'input':
      return [drafts.open(name, channels, 'it is the picture')]
    case 'conv2d': {
      const group = drafts.open(name, channels)
      drafts.of(group).convolutions.push(name)
      return [group]
    }
    case 'depthwiseConv2d':
      if (op.multiplier === 1) {
        if (x.length === 1) drafts.of(x[0]!).convolutions.push(name)
        return x
      }
      drafts.fix(x, `the depthwise layer '${name}' makes several channels of each`)
      return [drafts.open(name, channels, 'a depthwise layer makes several of one')]
    case 'dense':
      return [drafts.open(name, channels, 'a dense layer has units, not filters')]
    case 'normalize':
      drafts.fix(x, `'${name}' scales each channel by a constant`)
      return x
    case 'activation':
      if (NOT_AT_ZERO.has(op.activation) && !onlyGates(graph, name))
        drafts.fix(x, `'${name}' does not keep zeros`)
      return x
    case 'add':
    case 'multiply': {
      const wide = inputs.filter((parts) => parts.reduce((sum, part) => sum + drafts.of(part).size, 0) > 1)
      drafts.tie(wide, op.kind === 'add')
      return wide[0] ?? x
    }
    case 'concat':
      return inputs.flat()
    case 'flatten': {
      const [height = 1, width = 1] =
        shapes.get(node.inputs[0]!)!.length === 3 ? shapes.get(node.inputs[0]!)! : []
      return Array.from({ length: height * width }, () => x).flat()
    }
    case 'reshape': {
      const alone = (shape: readonly number[]) => shape.slice(0, -1).every((n) => n === 1)
      if (!alone(shapes.get(name)!) || !alone(shapes.get(node.inputs[0]!)!))
        drafts.fix(x, `'${name}' rearranges its channels`)
      return alone(shapes.get(name)!) ? x : [drafts.open(name, channels, 'a reshape made it')]
    }
    default: {
      if (x.reduce((sum, part) => sum + drafts.of(part).size, 0) === channels) return x
      drafts.fix(inputs.flat(), `'${name}' (${op.kind}) has channels of its own`)
      return [drafts.open(name, channels, 'no convolution makes it')]
    }
  }
}

const onlyGates = (graph: NetworkGraph, name: string): boolean =>
  name !== graph.output &&
  graph.nodes.filter(({ inputs }) => inputs.includes(name)).every(({ op }) => op.kind === 'multiply')

/** Layers that share a parameter. */
function shared(graph: NetworkGraph): LayerNode[] {
  const users = new Map<string, LayerNode[]>()
  for (const node of graph.nodes)
    for (const name of Object.values(node.parameters)) users.set(name, [...(users.get(name) ?? []), node])
  return [...users.values()].filter((nodes) => nodes.length > 1).flat()
}

/**
 * Layer whose output a factor on the filters of a convolution belongs to: the batch norm that alone reads it (past an
 * activation), since a batch norm in training would divide out any scale before it; else the convolution itself.
 */
export function factorSite(graph: NetworkGraph, convolution: string): LayerNode {
  const byName = new Map(graph.nodes.map((node) => [node.name, node]))
  let at = convolution
  for (;;) {
    const readers = graph.nodes.filter(({ inputs }) => inputs.includes(at))
    const next = readers.length === 1 && at !== graph.output ? readers[0]! : undefined
    if (next?.op.kind === 'batchNorm') return next
    if (next?.op.kind !== 'activation') return byName.get(convolution)!
    at = next.name
  }
}
