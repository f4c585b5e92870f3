import type { Tensor } from '@tensorflow/tfjs-core'
import { LAYER_MEASURES, type LayerInfo } from '../../events/types'
import type { Compared } from '../backend'
import type { NetworkGraph, ParameterSource } from '../network/types'
import { compareAll } from './compare'
import { channelDrift } from './drift'

export interface MeasureInput {
  graph: NetworkGraph
  layers: readonly LayerInfo[]
  bank: ParameterSource
  /** Pre-trained values (initial ones of the head). */
  w0: ParameterSource
  /** Copy from the start of the phase. */
  start: ParameterSource
  /** Of the measured step; empty when there was none. */
  gradients: ReadonlyMap<string, Tensor>
  /** Values before the measured step. */
  before: ReadonlyMap<string, Tensor>
}

export interface Measured {
  /** `layers x LAYER_MEASURES`, as in `layers.f32`. */
  row: Float32Array
  /** Largest absolute change of each parameter and buffer since the phase's start; exactly 0 iff nothing moved. */
  moved: Map<string, number>
}

/**
 * All measures of all layers, in one comparison of all values. It compares values and knows nothing of optimizers: the
 * freeze truth must not rest on what the freezing code believes.
 */
export function measureLayers(input: MeasureInput): Measured {
  const width = LAYER_MEASURES.length
  const row = new Float32Array(input.layers.length * width)
  const moved = new Map<string, number>()
  const parameters = compareParameters(input)
  input.layers.forEach((layer, i) => {
    const sums = { gradient: 0, update: 0, before: 0, distance: 0, w0: 0, change: 0, start: 0, largest: 0 }
    for (const name of layer.names) {
      const parts = parameters.get(name)!
      add(sums, parts, input.graph.parameters.get(name)!.buffer)
      moved.set(name, parts.change.largest)
    }
    const change = ratio(sums.change, sums.start)
    row.set(
      [
        Math.sqrt(sums.gradient),
        ratio(sums.update, sums.before),
        ratio(sums.distance, sums.w0),
        layer.batchNorm ? batchNormDrift(input, layer) : 0,
        // squares of tiny changes vanish: never let a layer that moved read 0
        sums.largest === 0 ? 0 : change > 0 || Number.isNaN(change) ? change : Number.MIN_VALUE * 1e300,
      ],
      i * width,
    )
  })
  return { row, moved }
}

interface Parts {
  /** Against the phase's start. */
  change: Compared
  /** Against w0. */
  origin: Compared
  gradient?: Compared
  /** Against the values before the step. */
  update?: Compared
}

/** Every parameter's comparisons, asked for together. */
function compareParameters({ layers, bank, w0, start, gradients, before }: MeasureInput): Map<string, Parts> {
  const pairs: [a: Tensor, b?: Tensor][] = []
  const ask = (...pair: [Tensor, Tensor?]): number => pairs.push(pair) - 1
  const asked = layers
    .flatMap(({ names }) => names)
    .map((name) => {
      const now = bank.get(name)
      const [gradient, previous] = [gradients.get(name), before.get(name)]
      const [begun, first] = [start.get(name), w0.get(name)]
      const change = ask(now, begun)
      return {
        name,
        change,
        // in a run's first phase they are the same values, and a third of the work
        origin: begun === first ? change : ask(now, first),
        gradient: gradient && ask(gradient),
        update: previous && ask(now, previous),
      }
    })
  const all = compareAll(pairs)
  const of = (i: number | undefined) => (i === undefined ? undefined : all[i])
  return new Map(
    asked.map(({ name, change, origin, gradient, update }) => [
      name,
      { change: all[change]!, origin: all[origin]!, gradient: of(gradient), update: of(update) },
    ]),
  )
}

type Sums = Record<
  'gradient' | 'update' | 'before' | 'distance' | 'w0' | 'change' | 'start' | 'largest',
  number
>

function add(sums: Sums, { change, origin, gradient, update }: Parts, buffer: boolean): void {
  sums.change += change.squares
  sums.start += change.of
  // NaN stays
  if (!(change.largest <= sums.largest) && !Number.isNaN(sums.largest)) sums.largest = change.largest
  if (!buffer) {
    sums.distance += origin.squares
    sums.w0 += origin.of
  }
  sums.gradient += gradient?.squares ?? 0
  sums.update += update?.squares ?? 0
  sums.before += update?.of ?? 0
}

/** sqrt(a / b); a change from exactly zero counts against 1. */
function ratio(a: number, b: number): number {
  return a === 0 ? 0 : Math.sqrt(a / (b > 0 ? b : 1))
}

/** Mean over channels of |running mean - its value in w0| / sqrt(running variance in w0 + eps). */
function batchNormDrift(input: MeasureInput, layer: LayerInfo): number {
  const drift = channelDrift(layer.name, input) ?? []
  let sum = 0
  for (const value of drift) sum += Math.abs(value)
  return sum / Math.max(1, drift.length)
}

/** Share of backbone values that are not bit-equal to the pre-trained ones, and ||w - w0|| / ||w0|| over the backbone. */
export function movement(
  graph: NetworkGraph,
  bank: ParameterSource,
  w0: ParameterSource,
): { moved: number; distance: number } {
  const named = [...graph.parameters.values()].filter(({ buffer, pretrained }) => !buffer && pretrained)
  const pairs = named.map(({ name }) => [bank.get(name), w0.get(name)] as const)
  const count = pairs.reduce((sum, [now]) => sum + now.size, 0)
  const all = compareAll(pairs)
  const total = (key: keyof Compared) => all.reduce((sum, one) => sum + one[key], 0)
  return { moved: count ? total('differ') / count : 0, distance: ratio(total('squares'), total('of')) }
}
