import { median } from 'simple-statistics'
import type { FilterDistances } from '../../../events/pictures/l2-sp'
import type { NetworkGraph, ParameterSource, Stage } from '../../network/types'
import { floats } from '../../optim/floats'
import { logHistogram } from '../histogram'
import { stageByLayer } from '../stages'

/** From 1e-8 to 10, eight bins a factor of ten. */
export const HISTOGRAM = { perDecade: 8, low: -8, high: 1 } as const

/** Relative distance ||w - w0|| / ||w0|| of each filter of a kernel whose last axis is its outputs. */
function relative(now: Float32Array, then: Float32Array, filters: number): Float64Array {
  const [distance, norm] = [new Float64Array(filters), new Float64Array(filters)]
  for (let i = 0; i < now.length; i++) {
    const filter = i % filters
    distance[filter]! += (now[i]! - then[i]!) ** 2
    norm[filter]! += then[i]! ** 2
  }
  return distance.map((d, i) => (d === 0 ? 0 : Math.sqrt(d / (norm[i]! || 1))))
}

/** How far each filter of the pre-trained kernels is from its value in w0, by layer. */
export function filterDistances(
  {
    graph,
    stages,
    bank,
    w0,
  }: { graph: NetworkGraph; stages: readonly Stage[]; bank: ParameterSource; w0: ParameterSource },
  axes: ReadonlyMap<string, readonly number[]>,
): FilterDistances {
  const stageOf = stageByLayer(stages)
  const rows = [...graph.parameters.values()]
    .filter(({ pretrained, role }) => pretrained && role === 'kernel')
    .map(({ name, layer, shape }) => {
      const inside = new Set(axes.get(name))
      const filters = shape.reduce((n, size, axis) => (inside.has(axis) ? n : n * size), 1)
      const distances = relative(floats(bank.get(name)), floats(w0.get(name)), filters)
      return {
        layer,
        stage: stageOf.get(layer) ?? '',
        filters,
        atStart: distances.filter((d) => d === 0).length,
        median: Number(median(Array.from(distances)).toPrecision(4)),
        histogram: logHistogram(distances, HISTOGRAM),
      }
    })
  return { v: 1, rows }
}
