import type { LayerNode, NetworkGraph } from '../network'

interface TfjsLayer {
  class_name: string
  name: string
  config: Record<string, unknown>
  inbound_nodes: unknown[]
}

export interface Weight {
  name: string
  shape: readonly number[]
  data: Float32Array
}

/** Layers of a tfjs model under names that it accepts (a letter or digit first), with their weights. */
export class TfjsWriter {
  readonly layers: TfjsLayer[] = []
  readonly weights: Weight[] = []
  /** tfjs layer that holds each graph layer's output. */
  readonly outputs = new Map<string, string>()
  private readonly taken = new Set<string>()

  constructor(
    readonly graph: NetworkGraph,
    readonly values: ReadonlyMap<string, Float32Array>,
    readonly shapes: ReadonlyMap<string, readonly number[]>,
  ) {}

  unique(name: string): string {
    const clean = name.replace(/[^A-Za-z0-9._-]/g, '_').replace(/^[^A-Za-z0-9]+/, '') || 'layer'
    let result = clean
    for (let i = 1; this.taken.has(result); i++) result = `${clean}_${i}`
    this.taken.add(result)
    return result
  }

  /** Appends a layer; `weights` in tfjs's order, as its own weight names. */
  add(
    className: string,
    name: string,
    config: Record<string, unknown>,
    inputs: readonly string[],
    weights: [string, Weight][] = [],
  ): string {
    const unique = this.unique(name)
    const inbound = inputs.length > 0 ? [inputs.map((input) => [input, 0, 0, {}])] : []
    this.layers.push({
      class_name: className,
      name: unique,
      config: { name: unique, ...config },
      inbound_nodes: inbound,
    })
    for (const [weight, { shape, data }] of weights)
      this.weights.push({ name: `${unique}/${weight}`, shape, data })
    return unique
  }

  value(node: LayerNode, role: keyof LayerNode['parameters']): Weight {
    const name = node.parameters[role]!
    return { name, shape: this.graph.parameters.get(name)!.shape, data: this.values.get(name)! }
  }
}
