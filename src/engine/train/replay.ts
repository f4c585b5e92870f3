import type { RunEvent } from '../../events/types'
import type { ActionSpec, ResolvedSpec } from '../../spec/schema'
import type { ControlCommand } from './types'

/** A live command as an action of a run file; undefined for what leaves no trace in the weights. */
export function actionOf(command: ControlCommand): ActionSpec['do'] | undefined {
  switch (command.do) {
    case 'rate':
      return { rate: command.factor }
    case 'freeze':
      return { freeze: command.layers }
    case 'unfreeze':
      return { unfreeze: command.layers }
    case 'stop':
    case 'checkpoint':
    case 'evaluate':
      return command.do
    default:
      return undefined
  }
}

/**
 * The run file that gives the same weights as a run did, live commands included: they become `train.actions`. What an
 * attempt did after the checkpoint that a later one went on from never happened, as far as the weights go.
 */
export function replaySpec(spec: ResolvedSpec, events: Iterable<RunEvent>): ResolvedSpec {
  const told: RunEvent[] = []
  for (const event of events) {
    if (event.kind === 'run-started' && told.length > 0) told.length = keptBefore(told, event.from)
    told.push(event)
  }
  const live = told.flatMap((event): ActionSpec[] => {
    if (event.kind !== 'control' || event.source === 'run file') return []
    const what = actionOf(event.action as ControlCommand)
    return what === undefined ? [] : [{ at: event.step, do: what }]
  })
  // sorting is stable: at one step the run file's own come first, as they did
  const actions = [...spec.train.actions, ...live].sort((a, b) => a.at - b.at)
  return { ...spec, train: { ...spec.train, actions } }
}

/** How many events stand when a run goes on from step `from`: all up to the checkpoint of that step. */
function keptBefore(told: readonly RunEvent[], from: number): number {
  if (from === 0 && !told.some((event) => event.kind === 'checkpoint' && event.step === 0)) return 0
  return told.findLastIndex((event) => event.kind === 'checkpoint' && event.step === from) + 1
}
