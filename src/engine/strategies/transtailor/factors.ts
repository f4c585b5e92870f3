import type { Tensor } from '@tensorflow/tfjs-core'
import { ops } from '../../backend'
import { narrowInfo, pruneGraph, type KeptChannels, type KeptParameters } from '../../network'
import type { NetworkGraph, ParameterInfo, ParameterSource, PlainValue, Stage } from '../../network/types'
import type { OwnedParameter } from '../types'
import type { Layout, Site } from './layout'

/** Optimizer group of the factors. */
export const FACTORS = 'factors'

/** Factors and scales of all sites, ones unless `init` says otherwise; a row of the layer table for each stage. */
export function ownedFactors(
  { sites }: Layout,
  stages: readonly Stage[],
  init: (site: Site) => Float32Array,
): OwnedParameter[] {
  return sites.flatMap((site) => {
    const stage = stages.find(({ layers }) => layers.includes(site.convolution))!.name
    const info = (name: string, buffer: boolean): OwnedParameter['info'] => ({
      name,
      layer: `transtailor.${stage}`,
      role: 'kernel',
      buffer,
      shape: [site.size],
      origin: 'as-is',
      pretrained: false,
      owned: { stage: 'factors', kind: 'factor', ...(!buffer && { group: FACTORS }) },
    })
    return [
      { info: info(site.alpha, false), initial: init(site) },
      { info: info(site.scale, true), initial: new Float32Array(site.size).fill(1) },
    ]
  })
}

/** Which factors act: those of the round in training and the fixed ones, or the fixed ones alone. */
export type Acting = 'alpha' | 'scale'

/** Parameters that a site's factor multiplies. */
function targets({ layer: { op, parameters } }: Site): string[] {
  const names =
    op.kind === 'batchNorm' ? [parameters.gamma, parameters.beta] : [parameters.kernel, parameters.bias]
  return names.filter((name) => name !== undefined)
}

/**
 * The same network with every filter's output multiplied by its factor: F(x) * a is F with gamma and beta of the batch
 * norm (or kernel and bias of the convolution) multiplied by a, whatever statistics it normalises with. Gradients flow
 * to values and factors.
 */
export function factored(source: ParameterSource, sites: readonly Site[], acting: Acting): ParameterSource {
  const owner = new Map(sites.flatMap((site) => targets(site).map((name) => [name, site] as const)))
  return {
    get(name) {
      const value = source.get(name)
      const site = owner.get(name)
      if (!site) return value
      const scale = source.get(site.scale)
      const factor = acting === 'alpha' ? ops.multiply(scale, source.get(site.alpha)) : scale
      return ops.multiply(value, spread(site, name, factor))
    },
  }
}

/** [c] so that it multiplies along the channels of a parameter: a depthwise kernel has them on its third axis. */
function spread({ layer: { op, parameters }, size }: Site, name: string, factor: Tensor): Tensor {
  const depthwise = op.kind === 'depthwiseConv2d' && name === parameters.kernel
  return depthwise ? ops.reshape(factor, [factor.shape[0] ?? size, 1]) : factor
}

/** What `factored` gives, as plain values with the same roundings; the factors themselves are left out. */
export function folded(
  values: ReadonlyMap<string, PlainValue>,
  sites: readonly Site[],
  acting: Acting,
): Map<string, PlainValue> {
  const own = new Set(sites.flatMap(({ alpha, scale }) => [alpha, scale]))
  const result = new Map([...values].filter(([name]) => !own.has(name)))
  for (const site of sites) {
    const scale = values.get(site.scale)!.data
    const alpha = values.get(site.alpha)!.data
    const factor = acting === 'alpha' ? scale.map((v, i) => v * alpha[i]!) : scale
    for (const name of targets(site)) {
      const { shape, data } = values.get(name)!
      // the channels lie innermost in all of them, a depthwise kernel's multiplier being 1
      result.set(name, { shape, data: data.map((v, i) => v * factor[i % factor.length]!) })
    }
  }
  return result
}

/** The network with what is kept, and the rows that are left of each parameter, factors among them. */
export function narrowNetwork(
  graph: NetworkGraph,
  { map, sites }: Layout,
  kept: KeptChannels,
): { graph: NetworkGraph; kept: KeptParameters } {
  const pruned = pruneGraph(graph, map, kept)
  const rows = new Map(pruned.parameters)
  const parameters = new Map(pruned.graph.parameters)
  for (const { group, alpha, scale } of sites)
    for (const name of [alpha, scale]) {
      const info: ParameterInfo | undefined = parameters.get(name)
      const left = kept.get(group)
      if (!info || !left) continue
      rows.set(name, [left])
      parameters.set(name, narrowInfo(info, [left]))
    }
  return { graph: { ...pruned.graph, parameters }, kept: rows }
}
