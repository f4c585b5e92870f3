import type { Draft } from './fold'
import { cutRows } from './rows'
import { copySeries, cutSeries } from './series'
import type { RunView } from './view'

/** Did this come before the state that the run goes on from? Matters only for what is done between two steps. */
function isIncluded(
  item: { step: number; attempt: number; seq: number },
  from: number,
  view: RunView,
): boolean {
  if (item.step !== from) return item.step < from
  const saved = view.checkpoints.findLast((checkpoint) => checkpoint.step === from)
  if (!saved) return true
  return item.attempt < saved.attempt || (item.attempt === saved.attempt && item.seq <= saved.seq)
}

/**
 * Drops what older attempts told of steps after `from`, which are done again. Step counts are of updates done, so
 * step `from` itself is part of the checkpoint and stays.
 */
export function supersede(draft: Draft, from: number): void {
  const { view } = draft
  const before = (item: { step: number }) => item.step <= from
  view.step = from
  view.declarations = view.declarations.filter(before)
  view.evals = view.evals.filter(before)
  view.alarms = view.alarms.filter(before)
  view.controls = view.controls.filter((item) => isIncluded(item, from, view))
  view.checkpoints = view.checkpoints.filter(before)
  view.rows = cutRows(view.rows, from)
  if (view.latest && view.latest.step > from) view.latest = undefined
  for (const [name, series] of Object.entries(view.series)) {
    if (series.steps.length === 0 || series.steps.at(-1)! <= from) continue
    const own = draft.ownedSeries.has(name) ? series : copySeries(series)
    draft.ownedSeries.add(name)
    cutSeries(own, from)
    view.series[name] = own
    if (own.steps.length > 0) continue
    delete view.series[name]
    draft.ownedSeries.delete(name)
  }
  for (const named of [view.pictures, view.artifacts, view.confusion]) {
    for (const [name, item] of Object.entries(named)) if (item.step > from) delete named[name]
  }
}
