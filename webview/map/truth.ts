import type { DeclaredPhase, LayerMeasure } from '../../src/events/types'
import type { LayerWindow } from '../../src/extension/protocol'
import type { Choice } from './measures'

export interface Cell {
  /** What the measure says; NaN: not measured. */
  value: number
  declaredTraining: boolean
  /** Parameters or buffers differ from the phase's start; undefined: not measured. */
  moved: boolean | undefined
}

/** Steps of a phase: the optimizer updates that take it from `from` done to `to` done. */
export const phaseAt = (phases: readonly DeclaredPhase[], step: number): DeclaredPhase | undefined =>
  phases.find((phase) => step > phase.from && step <= phase.to) ?? (step <= 0 ? phases[0] : phases.at(-1))

export const trainsAt = (
  phases: readonly DeclaredPhase[],
  layers: readonly number[],
  step: number,
): boolean => {
  const phase = phaseAt(phases, step)
  return phase !== undefined && layers.some((index) => phase.declared[index]?.training)
}

/** Greatest value of the layers in a column; NaN when none was measured. */
export function greatest(
  window: LayerWindow,
  measure: LayerMeasure,
  layers: readonly number[],
  column: number,
): number {
  const values = window.values[measure]
  const columns = window.edges.length - 1
  let best = NaN
  if (values)
    for (const layer of layers) {
      const value = values[layer * columns + column]!
      if (!(value <= best) && !Number.isNaN(value)) best = value
    }
  return best
}

/** What was declared and what happened, for some layers in a column of the window. */
export function cellAt(
  window: LayerWindow,
  choice: Choice,
  phases: readonly DeclaredPhase[],
  layers: readonly number[],
  column: number,
): Cell {
  const step = window.edges[column]!
  const moved = greatest(window, 'moved', layers, column)
  const declaredTraining = trainsAt(phases, layers, step)
  return {
    value: choice === 'declared' ? Number(declaredTraining) : greatest(window, choice, layers, column),
    declaredTraining,
    moved: Number.isNaN(moved) ? undefined : moved > 0,
  }
}

/** The column that holds a step, the nearest measured one to its left. */
export function columnAt(window: LayerWindow, step: number): number {
  let low = 0
  let high = window.edges.length - 2
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (window.edges[middle]! <= step) low = middle
    else high = middle - 1
  }
  return Math.max(0, low)
}
