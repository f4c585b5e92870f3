import type { Draft } from './fold'
import { addRows } from './rows'
import { addPoint, copySeries, emptySeries } from './series'
import { supersede } from './supersede'
import type { RunEvent } from './types'

type Of<K extends RunEvent['kind']> = Extract<RunEvent, { kind: K }>

const MAX_LOGS = 200
const MAX_ITEMS = 2000

function point(draft: Draft, name: string, step: number, value: unknown): void {
  if (typeof value !== 'number') return
  const { series } = draft.view
  if (!draft.ownedSeries.has(name)) {
    series[name] = series[name] ? copySeries(series[name]) : emptySeries()
    draft.ownedSeries.add(name)
  }
  addPoint(series[name]!, step, value)
}

/** Appends, replacing what is the same; keeps the newest. */
function put<T>(list: T[], item: T, same: (other: T) => boolean, limit = MAX_ITEMS): T[] {
  const index = list.findLastIndex(same)
  if (index >= 0) list.splice(index, 1)
  list.push(item)
  return list.length > limit ? list.slice(list.length - limit) : list
}

function applyStarted({ view, ...rest }: Draft, event: Of<'run-started'>): void {
  const { layers, phases, ...started } = event
  supersede({ view, ...rest }, event.from)
  view.started = started
  view.runId = event.runId
  view.name = event.name
  view.steps = event.steps
  view.layers = layers
  view.phases = phases.slice()
  view.phase = -1
  view.state = 'running'
  view.ended = undefined
  view.progress = undefined
  view.cache = undefined
  const { attempt, from, t, bitEqual } = event
  view.attempts.push(bitEqual === undefined ? { attempt, from, t } : { attempt, from, t, bitEqual })
}

function applyPhase({ view }: Draft, { phase, step }: Of<'phase'>): void {
  const known = view.phases.findIndex((other) => other.index === phase.index)
  if (known >= 0) view.phases[known] = phase
  else view.phases.push(phase)
  view.phase = phase.index
  view.progress = undefined
  const same = (other: { step: number; phase: { index: number } }) =>
    other.step === step && other.phase.index === phase.index
  view.declarations = put(view.declarations, { step, phase }, same)
}

function applyStep(draft: Draft, event: Of<'step'>): void {
  const { view } = draft
  const { step, phase, loss, parts, rate, accuracy, ms } = event
  if (step <= view.step) {
    view.repeatedSteps++
    return
  }
  view.missingSteps += step - view.step - 1
  view.step = step
  view.phase = phase
  view.progress = undefined
  view.latest = { step, loss, parts, rate, ms, ...(accuracy === undefined ? {} : { accuracy }) }
  point(draft, 'loss', step, loss)
  point(draft, 'accuracy', step, accuracy)
  for (const [name, value] of Object.entries(parts)) point(draft, `part/${name}`, step, value)
  for (const [name, value] of Object.entries(rate)) point(draft, `rate/${name}`, step, value)
  let all = 0
  for (const key of ['data', 'compute', 'update', 'record'] as const) {
    if (!Number.isFinite(ms[key])) continue
    view.ms[key] += ms[key]
    all += ms[key]
  }
  if (all > 0) point(draft, 'ms', step, all)
}

function applyEval(draft: Draft, { step, split, metrics, confusion }: Of<'eval'>): void {
  const { view } = draft
  view.evals = put(
    view.evals,
    { step, split, metrics },
    (other) => other.step === step && other.split === split,
  )
  if (confusion) view.confusion[split] = { step, matrix: confusion }
  for (const [name, value] of Object.entries(metrics)) point(draft, `eval/${split}/${name}`, step, value)
}

/** Applies one event to a draft. Kinds that are not known change nothing. */
export function applyEvent(draft: Draft, event: RunEvent): void {
  const { view } = draft
  switch (event.kind) {
    case 'run-started':
      return applyStarted(draft, event)
    case 'phase':
      return applyPhase(draft, event)
    case 'step':
      return applyStep(draft, event)
    case 'eval':
      return applyEval(draft, event)
    case 'layers': {
      const { step, row, rows } = event
      view.every = event.every
      view.rows = addRows(view.rows, { step, row, rows, every: Math.max(1, event.every) })
      return
    }
    case 'picture':
      view.pictures[event.name] = { step: event.step, data: event.data }
      return
    case 'artifact':
      view.artifacts[event.name] = { step: event.step, bytes: event.bytes }
      return
    case 'alarm': {
      const { step, code, layer, message } = event
      const same = (other: typeof event | (typeof view.alarms)[number]) =>
        other.step === step && other.code === code && other.layer === layer
      view.alarms = put(
        view.alarms,
        layer === undefined ? { step, code, message } : { step, code, layer, message },
        same,
      )
      return
    }
    case 'control': {
      const { step, action, source, attempt, seq } = event
      view.controls = put(view.controls, { step, action, source, attempt, seq }, () => false)
      return
    }
    case 'checkpoint': {
      const { step, folder, bytes, why, attempt, seq } = event
      const item = { step, folder, bytes, why, attempt, seq }
      view.checkpoints = put(view.checkpoints, item, (other) => other.step === step)
      return
    }
    case 'state':
      view.state = event.state
      return
    case 'progress': {
      const { what, done, total } = event
      view.progress = { what, done, total }
      return
    }
    case 'cache': {
      const { memory, disk, computed, memoryBytes } = event
      view.cache = { memory, disk, computed, memoryBytes }
      return
    }
    case 'log': {
      const { t, level, message } = event
      view.logs = put(view.logs, { t, level, message }, () => false, MAX_LOGS)
      return
    }
    case 'run-ended': {
      const { kind: _kind, v: _v, seq: _seq, t: _t, attempt: _attempt, ...ended } = event
      view.state = event.state
      view.ended = ended
      view.progress = undefined
    }
  }
}
