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
  const columns = window.to.length
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
  const moved = greatest(window, 'moved', layers, column)
  // a column of many steps may hold a phase's end: it is frozen only when all of it was declared so
  const declaredTraining =
    trainsAt(phases, layers, window.from[column]!) || trainsAt(phases, layers, window.to[column]!)
  return {
    value: choice === 'declared' ? Number(declaredTraining) : greatest(window, choice, layers, column),
    declaredTraining,
    moved: Number.isNaN(moved) ? undefined : moved > 0,
  }
}

/** The column whose steps hold `step`: the first that was measured at it or after, else the last; -1: none. */
export function columnAt(window: LayerWindow, step: number): number {
  const found = window.to.findIndex((to) => to >= step)
  return found < 0 ? window.to.length - 1 : found
}

/** Steps a column stands for: (start, end]. A measure tells of the updates since the one before it. */
export function spanOf(window: LayerWindow, column: number, every: number): [number, number] {
  const start = column > 0 ? window.to[column - 1]! : Math.max(0, window.from[0]! - Math.max(1, every))
  return [start, window.to[column]!]
}
