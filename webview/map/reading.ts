import type { LayerMeasure } from '../../src/events/types'
import type { LayerWindow, PanelRun } from '../../src/extension/protocol'
import { number } from '../format'
import { measures, type Choice } from './measures'
import { cellAt, greatest, phaseAt, trainsAt } from './truth'

/** One cell in words: what the read-out, the table and a screen reader say. */
export interface Reading {
  name: string
  step: string
  measure: { label: string; value: string }
  declared: { training: boolean; words: string }
  effective: { alarm: boolean; words: string }
  distance: string
}

export function readCell(
  run: PanelRun,
  window: LayerWindow,
  choice: Choice,
  name: string,
  layers: readonly number[],
  column: number,
): Reading {
  const shown = choice === 'declared' ? 'updateRatio' : choice
  const from = window.from[column]!
  const to = window.to[column]!
  const cell = cellAt(window, shown, run.phases, layers, column)
  const training = trainsAt(run.phases, layers, to)
  const phase = phaseAt(run.phases, to)
  const value = (measure: LayerMeasure) => number(greatest(window, measure, layers, column))
  return {
    name,
    step: from === to ? `${to}, measured` : `${from} to ${to}, greatest`,
    measure: { label: measures[shown].label, value: value(shown) },
    declared: {
      training,
      words: `${training ? 'training' : 'frozen'}${phase ? `, phase ${phase.index + 1}` : ''}`,
    },
    effective: effect(cell),
    distance: value('distance'),
  }
}

function effect({ moved, declaredTraining }: { moved?: boolean; declaredTraining: boolean }) {
  if (moved === undefined) return { alarm: false, words: 'not measured' }
  if (!moved) return { alarm: false, words: 'did not move' }
  return declaredTraining ? { alarm: false, words: 'moved' } : { alarm: true, words: '▲ moved' }
}
