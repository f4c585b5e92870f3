import type { StepReport, TrainingSession } from '../../engine/train'
import { UserError } from '../../spec'
import type * as Cell from '../cellApi'
import { withDisplay } from '../display'
import { Interrupted } from '../interrupted'
import { stepItems, stepOutput } from '../show/steps'
import type { LiveActions } from './acting'
import { yieldNow, type SessionCore } from './core'
import { metricsItems } from './facts'
import { openFolder } from './saving'

/** Milliseconds between two looks of a display that grows. */
const LIVE_MS = 200

/** Takes a session's steps and shows them while they are taken. */
export class Stepper {
  private shown?: { cell: string; id: string; reports: StepReport[]; sent: boolean }

  constructor(
    private readonly core: SessionCore,
    private readonly live: LiveActions,
  ) {}

  async take(inner: TrainingSession, asked: number): Promise<Cell.Steps> {
    const { core, live } = this
    const { context } = core
    if (inner.done) throw new UserError(`There are no steps left: ${core.name} plans ${inner.setup.steps}.`)
    core.look(inner)
    await openFolder(core, live, inner)
    live.pauseAsked = false
    inner.emit({ kind: 'state', state: 'running' })
    const reports: StepReport[] = []
    const began = performance.now()
    let last = began
    const show = this.growing(inner, asked)
    try {
      while (reports.length < asked && !inner.done) {
        if (context.interrupted) throw stopped(inner)
        await context.working(() => this.takeOne(inner, reports))
        if (live.pauseAsked) {
          context.note('stopped from outside')
          break
        }
        await yieldNow()
        if (performance.now() - last > LIVE_MS && reports.length < asked) {
          show(reports, true)
          last = performance.now()
        }
      }
      // the strategy sees the end of its last phase, as at the end of a run
      if (inner.done) await context.working(() => inner.close())
      if (context.interrupted && reports.length < asked && !inner.done) throw stopped(inner)
    } finally {
      core.guard!.after()
      core.note()
      context.countSteps(reports.length, performance.now() - began)
      inner.emit({ kind: 'state', state: 'paused' })
      if (reports.length > 0) show(reports, false)
    }
    return withDisplay(reports, () => ({}))
  }

  /** Takes the steps that are left, and evaluates as a run does at its end. */
  async finish(inner: TrainingSession): Promise<Cell.Steps> {
    const { core } = this
    const left = Math.max(0, inner.setup.steps - inner.steps)
    const taken = left > 0 && !inner.done ? await this.take(inner, left) : withDisplay([], () => ({}))
    await core.context.working(async () => {
      const { val, test } = inner.setup.images.dataset.counts
      await inner.close()
      if (val > 0) await inner.watch({ final: true })
      if (core.sink.hasFolder) await inner.checkpoint('end')
      if (test > 0) await inner.evaluate('test', { final: true })
    })
    core.finished = true
    core.guard!.after()
    const last = inner.lastMetrics
    if (last) core.context.show(metricsItems(last.split, last.metrics))
    return taken
  }

  /** One step with its border, its rewind point and its evaluation when they are due. */
  private async takeOne(inner: TrainingSession, reports: StepReport[]): Promise<void> {
    const { core, live } = this
    const { ring, engine, context } = core
    await live.border(inner)
    if (live.pauseAsked || inner.done) return
    if (ring.steps.length === 0) ring.save(inner.steps, () => engine.saveSession(inner))
    const report = await inner.step(() => context.interrupted)
    if (!report) return
    reports.push(report)
    const { data, compute, update, record } = report.ms
    if (ring.due(data + compute + update + record)) ring.save(inner.steps, () => engine.saveSession(inner))
    const { evaluateEvery } = core.spec.train
    if (evaluateEvery !== undefined && inner.steps % evaluateEvery === 0 && !inner.done) await inner.watch()
  }

  /** One display for all steps of a session in one cell, in place while they are taken. */
  private growing(
    inner: TrainingSession,
    asked: number,
  ): (reports: readonly StepReport[], live: boolean) => void {
    const { core } = this
    const { context } = core
    const cell = context.cellKey()
    if (this.shown?.cell !== cell) this.shown = { cell, id: context.newId(), reports: [], sent: false }
    const { shown } = this
    const before = shown.reports.length
    return (reports, live) => {
      shown.reports.splice(before, Infinity, ...reports)
      const output = stepOutput(
        {
          name: core.variable ?? core.name,
          strategy: core.title,
          done: inner.steps,
          planned: inner.setup.steps,
          layers: inner.setup.layers,
          declared: inner.declared().declared,
          reports: shown.reports,
          asked: before + asked,
          id: shown.id,
          live,
        },
        core.record,
      )
      if (shown.sent) context.update(shown.id, stepItems(output), !live)
      else context.show(stepItems(output), shown.id)
      shown.sent = true
    }
  }
}

const stopped = (inner: TrainingSession): Interrupted =>
  new Interrupted(`Interrupted; the session stands after step ${inner.steps}.`)
