import type { RunView } from '../../events/view'
import { strategyOf } from './strategy'
import type { Accuracy, Cursor, LineNews, Mark, Measured, PanelHead, PanelRun, ToPanel } from '../protocol'

/** From what is known of a run to what its panel has not seen yet. Nothing of the editor in it. */
export function updateFor(
  view: RunView,
  folder: string,
  cursor: Cursor | undefined,
  now: number,
  artifacts = '',
): Extract<ToPanel, { type: 'update' }> {
  const run = panelRun(view, folder, artifacts)
  return {
    v: 1,
    type: 'update',
    ...(run && { run }),
    head: head(view, now),
    marks: marks(view),
    measured: measured(view),
    evals: accuracies(view),
    attempt: view.attempt,
    lines: lines(view, cursor),
    pictures: stamps(view.pictures),
    artifacts: stamps(view.artifacts),
  }
}

const stamps = (items: Record<string, { step: number }>): Record<string, number> =>
  Object.fromEntries(Object.entries(items).map(([name, { step }]) => [name, step]))

function panelRun(view: RunView, folder: string, artifacts: string): PanelRun | undefined {
  const started = view.started
  if (!started) return undefined
  const { name, device, threads } = started.backend
  return {
    id: view.runId,
    name: view.name,
    folder,
    attempt: view.attempt,
    strategy: strategyOf(started.strategy),
    seed: started.seed,
    device: { backend: name, where: placeOf(device, threads) },
    steps: view.steps,
    classes: started.data.classes.length,
    phases: view.phases,
    layers: view.layers,
    artifacts,
    classNames: started.data.classes,
  }
}

/** `CPU, 2 threads`; some back ends name their threads themselves. */
const placeOf = (device: string, threads: number): string =>
  /threads?\b/.test(device) ? device : `${device}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`

export function accuracies(view: RunView): Accuracy[] {
  const found = view.evals.map(({ step, split, metrics: { balancedAccuracy, low, high, count } }) => ({
    step,
    split,
    balancedAccuracy,
    low,
    high,
    count,
  }))
  const { metrics, split = 'val', step } = view.ended ?? { step: 0 }
  if (metrics && !found.some((one) => one.step === step && one.split === split)) {
    const { balancedAccuracy, low, high, count } = metrics
    found.push({ step, split, balancedAccuracy, low, high, count })
  }
  return found
}

/** The newest balanced accuracy, on test where there is one. */
export function shownAccuracy(view: RunView): Accuracy | undefined {
  const all = accuracies(view)
  return all.findLast((one) => one.split === 'test') ?? all.findLast((one) => one.split === 'val')
}

export function head(view: RunView, now: number): PanelHead {
  const accuracy = shownAccuracy(view)
  const { data, compute, update, record } = view.ms
  const perStep = view.step > 0 ? (data + compute + update + record) / view.step : undefined
  const message = view.ended?.message ?? view.logs.findLast((log) => log.level === 'error')?.message
  const over = view.ended !== undefined
  return {
    state: view.state,
    step: view.step,
    steps: view.steps,
    elapsedMs: view.firstTime === 0 ? 0 : Math.max(0, (over ? view.lastTime : now) - view.firstTime),
    phase: { current: view.phase, count: view.phases.length },
    rateFactor: rateFactor(view),
    ...(accuracy && { accuracy }),
    ...(perStep !== undefined &&
      view.state === 'running' && { leftMs: perStep * Math.max(0, view.steps - view.step) }),
    ...(view.progress && !over && { progress: view.progress }),
    ...(message && { message }),
  }
}

/** Set by the latest control that says so; 1 before any. */
function rateFactor({ controls }: RunView): number {
  for (const { action } of [...controls].reverse()) {
    const { do: what, factor } = (action ?? {}) as { do?: unknown; factor?: unknown }
    if (what === 'rate' && typeof factor === 'number') return factor
  }
  return 1
}

function measured(view: RunView): Measured {
  const last = view.rows.at(-1)
  const { data, compute, update, record } = view.ms
  const all = data + compute + update + record
  return {
    step: last ? last.step + (last.rows - 1) * last.every : 0,
    every: view.every,
    ...(all > 0 && { recording: record / all }),
  }
}

function marks(view: RunView): Mark[] {
  const index = new Map(view.layers.map((layer, i) => [layer.name, i]))
  return [
    ...view.alarms.map((alarm): Mark => {
      const layer = alarm.layer === undefined ? undefined : index.get(alarm.layer)
      const words = layer === undefined ? alarm.code.replaceAll('-', ' ') : 'layer moved'
      return {
        kind: 'alarm',
        step: alarm.step,
        text: alarm.message,
        short: words,
        ...(layer !== undefined && { layer }),
      }
    }),
    ...view.checkpoints.map((one): Mark => ({
      kind: 'checkpoint',
      step: one.step,
      text: `checkpoint, ${one.why}`,
      short: '',
    })),
    ...view.controls.map((one): Mark => {
      const text = describe(one.action)
      return { kind: 'control', step: one.step, text: `${text}, from ${one.source}`, short: text }
    }),
  ]
}

/** A control event's action in words: `pause`, `rate × 0.5`, `freeze stage1, stage2`. */
function describe(action: unknown): string {
  if (typeof action === 'string') return action
  const fields = (action ?? {}) as Record<string, unknown>
  const verb = String(fields.do ?? 'action')
  if (verb === 'rate') return `rate × ${String(fields.factor)}`
  if (Array.isArray(fields.layers)) return `${verb} ${fields.layers.join(', ')}`
  return verb
}

export function lines(view: RunView, cursor: Cursor | undefined): Record<string, LineNews> {
  const news: Record<string, LineNews> = {}
  const known = cursor?.attempt === view.attempt ? cursor.lines : {}
  const add = (name: string, line: { stride: number; steps: number[]; values: number[] }) => {
    const held = Object.hasOwn(known, name) ? known[name] : undefined
    // the bucket at the cursor may have been half full when it was sent
    const from = held?.stride === line.stride ? Math.floor(held.step / line.stride) * line.stride : -1
    let start = line.steps.length
    while (start > 0 && line.steps[start - 1]! >= from) start--
    if (start === line.steps.length && from >= 0) return
    news[name] = {
      stride: line.stride,
      from: from < 0 ? 0 : from,
      steps: line.steps.slice(start),
      values: line.values.slice(start).map((value) => (Number.isFinite(value) ? value : null)),
    }
  }
  for (const [name, line] of Object.entries(view.series)) {
    if (name.startsWith('eval/')) continue
    add(name, line)
  }
  return news
}
