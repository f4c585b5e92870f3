import type { DeclaredPhase } from '../../src/events/types'
import type { LayerWindow } from '../../src/extension/protocol'
import type { Axis } from '../axis'
import type { Row } from './layout'
import { shade, type Choice } from './measures'
import { phaseAt, spanOf } from './truth'

/** What a cell is filled with: nothing, hatch, declared training or an alarm, or a colour of the scale from SCALE on. */
export const [NOTHING, HATCH, TRAINING, ALARM, SCALE] = [0, 1, 2, 3, 4]

/** Steps of the colour scale. */
export const LEVELS = 256

/** Columns of a window on an axis: where each begins and ends in device pixels from the axis's left, and its phases. */
export interface Columns {
  count: number
  left: Int32Array
  right: Int32Array
  /** Index into the phases at the column's first and last step. */
  first: Int32Array
  last: Int32Array
}

export function columnsOf(
  window: LayerWindow,
  phases: readonly DeclaredPhase[],
  axis: Axis,
  every: number,
  scale: number,
): Columns {
  const count = window.to.length
  const columns: Columns = {
    count,
    left: new Int32Array(count),
    right: new Int32Array(count),
    first: new Int32Array(count),
    last: new Int32Array(count),
  }
  const pixel = (step: number) =>
    Math.round((Math.min(axis.right, Math.max(axis.left, axis.x(step))) - axis.left) * scale)
  for (let c = 0; c < count; c++) {
    const [start, end] = spanOf(window, c, every)
    columns.left[c] = pixel(start)
    columns.right[c] = pixel(end)
    columns.first[c] = phases.indexOf(phaseAt(phases, window.from[c]!)!)
    columns.last[c] = phases.indexOf(phaseAt(phases, window.to[c]!)!)
  }
  return columns
}

/**
 * Fills of a row's cells. The same rules as `cellAt`, for many rows at once: what costs the same for all cells of a row
 * or of a column is computed once.
 */
export function fillsOf(
  row: Pick<Row, 'layers'>,
  window: LayerWindow,
  choice: Choice,
  phases: readonly DeclaredPhase[],
  { count, first, last }: Columns,
): Uint16Array {
  const fills = new Uint16Array(count)
  const trains = phases.map(({ declared }) => row.layers.some((layer) => declared[layer]?.training))
  const { moved } = window.values
  const values = choice === 'declared' ? undefined : window.values[choice]
  for (let c = 0; c < count; c++) {
    const motion = most(moved, row.layers, count, c)
    const training = trains[first[c]!] === true || trains[last[c]!] === true
    if (!training && motion === 0) fills[c] = HATCH
    else if (choice === 'declared') fills[c] = Number.isNaN(motion) ? NOTHING : training ? TRAINING : ALARM
    else {
      const value = most(values, row.layers, count, c)
      fills[c] = Number.isNaN(value) ? NOTHING : SCALE + Math.round((LEVELS - 1) * shade(value, choice))
    }
  }
  return fills
}

function most(
  values: Float32Array | undefined,
  layers: readonly number[],
  columns: number,
  c: number,
): number {
  let best = NaN
  if (values)
    for (const layer of layers) {
      const value = values[layer * columns + c]!
      if (!Number.isNaN(value) && !(value <= best)) best = value
    }
  return best
}

/** Neighbouring cells of the same fill as one; empty ones left out. In device pixels. */
export function runsOf(
  fills: Uint16Array,
  { left, right }: Columns,
): { from: number; to: number; fill: number }[] {
  const runs: { from: number; to: number; fill: number }[] = []
  fills.forEach((fill, c) => {
    if (fill === NOTHING || right[c]! <= left[c]!) return
    const before = runs.at(-1)
    if (before?.fill === fill && before.to === left[c]) before.to = right[c]!
    else runs.push({ from: left[c]!, to: right[c]!, fill })
  })
  return runs
}
