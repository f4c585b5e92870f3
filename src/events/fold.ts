import { applyEvent } from './apply'
import type { RunEvent } from './types'
import { record, type RunView } from './view'

/** A view of which everything but the lines may be changed in place; lines are copied when first touched. */
export interface Draft {
  view: RunView
  ownedSeries: Set<string>
}

function draftOf(view: RunView): Draft {
  const copy: RunView = {
    ...view,
    attempts: view.attempts.slice(),
    phases: view.phases.slice(),
    declarations: view.declarations.slice(),
    ms: { ...view.ms },
    series: record(view.series),
    evals: view.evals.slice(),
    confusion: record(view.confusion),
    alarms: view.alarms.slice(),
    controls: view.controls.slice(),
    checkpoints: view.checkpoints.slice(),
    pictures: record(view.pictures),
    artifacts: record(view.artifacts),
    logs: view.logs.slice(),
  }
  return { view: copy, ownedSeries: new Set() }
}

/**
 * Folds events into a view: pure, so folding a log in any pieces gives the same view. The argument stays as it is.
 *
 * - An event of an attempt older than the newest seen is ignored: its writer had lost the run.
 * - An event that was folded before (same attempt, same or lower number) is ignored.
 * - When a later attempt starts from step s, what older attempts told of steps after s is dropped.
 */
export function foldEvents(view: RunView, events: Iterable<RunEvent>): RunView {
  const draft = draftOf(view)
  for (const event of events) {
    const { attempt, seq } = draft.view
    if (event.attempt < attempt || (event.attempt === attempt && event.seq <= seq)) continue
    draft.view.attempt = event.attempt
    draft.view.seq = event.seq
    draft.view.lastTime = event.t
    if (draft.view.firstTime === 0) draft.view.firstTime = event.t
    applyEvent(draft, event)
  }
  return draft.view
}

/** `foldEvents` of one event. */
export function foldEvent(view: RunView, event: RunEvent): RunView {
  return foldEvents(view, [event])
}
