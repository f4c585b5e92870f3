import type { LayerInfo } from '../../events/types'
import type { LayerWeights, WeightTable } from '../../events/artifacts'
import type { NetworkGraph, ParameterSource } from '../network/types'
import { floats } from '../optim/floats'
import { evenRanks } from '../ranks'
import { channelDrift } from './drift'

const BINS = 40
const QUANTILES = 64

export interface WeightInput {
  step: number
  layers: readonly LayerInfo[]
  graph: NetworkGraph
  bank: ParameterSource
  w0: ParameterSource
}

/** How each layer's values lie now and lay in w0: two histograms over one range, and the drift of its batch norm. */
export function weightTable({ step, layers, ...networks }: WeightInput): WeightTable {
  return { v: 1, step, layers: layers.map((layer) => layerWeights(layer, networks)) }
}

type Networks = Omit<WeightInput, 'step' | 'layers'>

function layerWeights(layer: LayerInfo, { graph, bank, w0 }: Networks): LayerWeights {
  const names = layer.names.filter((name) => !graph.parameters.get(name)!.buffer)
  const pairs = names.map((name) => [floats(w0.get(name)), floats(bank.get(name))] as const)
  let [low, high] = [Infinity, -Infinity]
  let [equal, count] = [0, 0]
  for (const [then, now] of pairs) {
    count += now.length
    for (let i = 0; i < now.length; i++) {
      const [a, b] = [then[i]!, now[i]!]
      if (a === b) equal++
      low = Math.min(low, a, b)
      high = Math.max(high, a, b)
    }
  }
  const range = { low: Number.isFinite(low) ? low : 0, high: Number.isFinite(high) ? high : 0 }
  const drift = driftOf(layer, { graph, bank, w0 })
  return {
    name: layer.name,
    equal,
    count,
    ...range,
    w0: histogram(
      pairs.map(([then]) => then),
      range,
    ),
    now: histogram(
      pairs.map(([, now]) => now),
      range,
    ),
    ...(drift && { drift }),
  }
}

/** Counts in `BINS` equal bins; a range without width has all in the first. */
function histogram(parts: readonly Float32Array[], { low, high }: { low: number; high: number }): number[] {
  const counts = new Array<number>(BINS).fill(0)
  const scale = high > low ? BINS / (high - low) : 0
  for (const values of parts)
    for (let i = 0; i < values.length; i++) {
      const bin = Math.min(BINS - 1, Math.floor((values[i]! - low) * scale))
      if (bin >= 0) counts[bin]!++
    }
  return counts
}

function driftOf(layer: LayerInfo, networks: Networks): number[] | undefined {
  const sorted = layer.batchNorm ? channelDrift(layer.name, networks)?.sort((a, b) => a - b) : undefined
  return sorted && evenRanks(sorted, QUANTILES).map((value) => Number(value.toPrecision(3)))
}
