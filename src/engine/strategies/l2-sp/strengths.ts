import type { z } from 'zod'
import type { LayerOp, NetworkGraph, ParameterInfo } from '../../network/types'
import type { options } from './meta'

export type Options = z.output<typeof options>
export type Variant = Options['variant']

/** What is pulled where: towards `w0` with alpha on the backbone (S), towards 0 with beta on what is new (N). */
export interface Strengths {
  variant: Variant
  alpha: number
  beta: number
  scope: 'kernels' | 'all'
  smoothed: boolean
}

/** The defaults that the authors' train.sh gives for plain L2 are 1e-4 and 1e-3, for L2-SP 0.1 and 0.01. */
export function strengthsOf({ variant, alpha, beta, scope, smoothed }: Options): Strengths {
  const plain = variant === 'l2'
  return {
    variant,
    alpha: alpha ?? (plain ? 1e-4 : 0.1),
    beta: beta ?? (plain ? 1e-3 : 0.01),
    scope,
    smoothed,
  }
}

/** Whether the penalty acts on a parameter. */
export function inScope(parameter: ParameterInfo, scope: Strengths['scope']): boolean {
  return !parameter.buffer && !parameter.owned && (scope === 'all' || parameter.role === 'kernel')
}

export const usesFisher = (variant: Variant): boolean => variant.endsWith('-fisher')

const kernelAxes: Partial<Record<LayerOp['kind'], number[]>> = {
  conv2d: [0, 1, 2],
  depthwiseConv2d: [0, 1],
  dense: [0],
}

/**
 * Axes of a parameter that make one group: all weights that feed one output channel (the authors' mode 5; its
 * kernels are [height, width, in, out] as ours). What has no kernel's shape is in groups of one.
 */
export function groupAxes(graph: NetworkGraph): ReadonlyMap<string, readonly number[]> {
  const kinds = new Map(graph.nodes.map((node) => [node.name, node.op.kind]))
  return new Map(
    [...graph.parameters.values()].map(({ name, layer, role }) => [
      name,
      (role === 'kernel' && kernelAxes[kinds.get(layer)!]) || [],
    ]),
  )
}

/** Values in a group. */
export const groupSize = (shape: readonly number[], axes: readonly number[]): number =>
  axes.reduce((size, axis) => size * shape[axis]!, 1)
