import type { Tensor } from '@tensorflow/tfjs-core'
import { LAYER_MEASURES, type LayerInfo } from '../../events/types'
import { prefetch } from '../backend'
import type { NetworkGraph, ParameterSource } from '../network/types'
import { floats } from '../optim/floats'
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
 * All measures of all layers in one pass over the values. It compares values and knows nothing of optimizers: the
 * freeze truth must not rest on what the freezing code believes.
 */
export function measureLayers(input: MeasureInput): Measured {
  const width = LAYER_MEASURES.length
  const row = new Float32Array(input.layers.length * width)
  const moved = new Map<string, number>()
  prefetch(tensorsOf(input))
  input.layers.forEach((layer, i) => {
    const sums = { gradient: 0, update: 0, before: 0, distance: 0, w0: 0, change: 0, start: 0, largest: 0 }
    for (const name of layer.names) {
      const buffer = input.graph.parameters.get(name)!.buffer
      const change = addChange(sums, input, name, buffer)
      moved.set(name, change)
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

/** All that is read here. */
function tensorsOf({ layers, bank, w0, start, gradients, before }: MeasureInput): Tensor[] {
  const names = layers.flatMap((layer) => layer.names)
  return [
    ...[bank, w0, start].flatMap((source) => names.map((name) => source.get(name))),
    ...gradients.values(),
    ...before.values(),
  ]
}

type Sums = Record<
  'gradient' | 'update' | 'before' | 'distance' | 'w0' | 'change' | 'start' | 'largest',
  number
>

function addChange(
  sums: Sums,
  { bank, w0, start, gradients, before }: MeasureInput,
  name: string,
  buffer: boolean,
): number {
  const now = floats(bank.get(name))
  const then = floats(start.get(name))
  const origin = floats(w0.get(name))
  let largest = 0
  let [change, startSquares, distance, originSquares] = [0, 0, 0, 0]
  for (let i = 0; i < now.length; i++) {
    const d = now[i]! - then[i]!
    const size = Math.abs(d)
    // written so that NaN counts as a change
    if (!(size <= largest)) largest = size
    change += d * d
    startSquares += then[i]! * then[i]!
    const e = now[i]! - origin[i]!
    distance += e * e
    originSquares += origin[i]! * origin[i]!
  }
  sums.change += change
  sums.start += startSquares
  if (!(largest <= sums.largest)) sums.largest = largest
  if (!buffer) {
    sums.distance += distance
    sums.w0 += originSquares
  }
  const gradient = gradients.get(name)
  if (gradient) sums.gradient += squares(floats(gradient))
  const previous = before.get(name)
  if (previous) {
    const old = floats(previous)
    for (let i = 0; i < old.length; i++) {
      sums.update += (now[i]! - old[i]!) ** 2
      sums.before += old[i]! * old[i]!
    }
  }
  return largest
}

function squares(values: Float32Array): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i]! * values[i]!
  return sum
}

/** sqrt(a / b); a change from exactly zero counts against 1. */
function ratio(a: number, b: number): number {
  return a === 0 ? 0 : Math.sqrt(a / (b > 0 ? b : 1))
}

/** Mean over channels of |running mean - its value in w0| / sqrt(running variance in w0 + eps). */
function batchNormDrift(input: MeasureInput, layer: LayerInfo): number {
  const drift = channelDrift(layer.name, input) ?? []
  return drift.reduce((sum, value) => sum + Math.abs(value), 0) / Math.max(1, drift.length)
}

/** Share of backbone values that are not bit-equal to the pre-trained ones, and ||w - w0|| / ||w0|| over the backbone. */
export function movement(
  graph: NetworkGraph,
  bank: ParameterSource,
  w0: ParameterSource,
): { moved: number; distance: number } {
  let [count, changed, distance, norm] = [0, 0, 0, 0]
  const compared = [...graph.parameters.values()].filter(({ buffer, pretrained }) => !buffer && pretrained)
  prefetch(compared.flatMap(({ name }) => [bank.get(name), w0.get(name)]))
  for (const { name } of compared) {
    const now = floats(bank.get(name))
    const origin = floats(w0.get(name))
    count += now.length
    for (let i = 0; i < now.length; i++) {
      if (now[i] !== origin[i]) changed++
      distance += (now[i]! - origin[i]!) ** 2
      norm += origin[i]! ** 2
    }
  }
  return { moved: count ? changed / count : 0, distance: ratio(distance, norm) }
}
