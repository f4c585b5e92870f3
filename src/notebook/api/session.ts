import { inspect } from 'node:util'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type * as Engine from '../../engine/train'
import type { PendingCommand, StepReport, TrainingSession } from '../../engine/train'
import type { LayerInfo } from '../../events'
import { createRunId } from '../../events'
import { UserError, type ActionSpec, type ResolvedSpec } from '../../spec'
import type * as Cell from '../cellApi'
import { DISPLAY, toBeShown, withDisplay, type Displayed } from '../display'
import type { FreezeMapDisplay, SessionDisplay } from '../displays'
import { Interrupted } from '../interrupted'
import type { KernelContext } from '../kernel/context'
import type { OutputItems } from '../protocol'
import { curvesDisplay, curvesItems } from '../show/curves'
import { freezeMapDisplay, freezeMapItems } from '../show/freezeMap'
import { layersDisplay, layersItems } from '../show/layers'
import { sessionItems } from '../show/session'
import { stepItems, stepOutput } from '../show/steps'
import { tableItems } from '../show/table'
import { count } from '../show/text'
import type { ImageChoice } from './data'
import { nextBatch, predictWith, type EngineParts } from './looking'
import { SessionRecord } from './record'
import { CheckpointRing, type CheckpointFiles } from './ring'
import { runFileText } from './runFile'
import { SessionSink } from './sink'
import { readWritten, withOptions, type ReadSpec } from './specs'
import { WeightGuard, type OutsideChange } from './weightGuard'

/** Where a session begins: at its first step, or where another one stood. */
export interface Beginning {
  /** Gives the files when the session opens. */
  files(): Promise<{ step: number; files: CheckpointFiles }>
  parent: {
    run: string
    /** Runs that its own past belongs to, with the step up to which it does. */
    ancestors: readonly (readonly [run: string, until: number])[]
    record?: SessionRecord
    changes: readonly OutsideChange[]
  }
  /** Step to go on to, as the parent did. */
  replayTo?: number
  /** The run file differs from the parent's: state is taken over as far as it fits. */
  adopt?: { sameRule: boolean }
  /** Checkpoint of the last ancestor whose run file differed: with it a run file can begin. */
  from?: { step: number; files: CheckpointFiles }
}

export interface SessionOptions {
  read: ReadSpec
  /** Folder that relative paths of the run file start from. */
  base: string
  name?: string
  parts?: EngineParts
  beginning?: Beginning
}

type Live = { kind: 'freeze' | 'unfreeze'; layers: string[] } | { kind: 'rate'; factor: number }

/** Milliseconds between two looks of a display that grows. */
const LIVE_MS = 200

/** `Session` of cellApi.ts: the engine's session, one thing at a time, with its past. */
export class NotebookSession implements Cell.Session, Displayed {
  readonly runId: string
  readonly record = new SessionRecord()
  /** Changes of its weights that were not its own. */
  readonly changes: OutsideChange[] = []
  private inner?: TrainingSession
  private guard?: WeightGuard
  private readonly ring = new CheckpointRing()
  private readonly sink: SessionSink
  private readonly opening: Promise<TrainingSession>
  private turn: Promise<unknown> = Promise.resolve()
  private busy = 0
  private waiting: Live[] = []
  private actions: ActionSpec[] = []
  private engine?: typeof Engine
  private pauseAsked = false
  private closed = false
  private finished = false
  private askedRate?: number
  private shown?: { cell: string; id: string; reports: StepReport[]; sent: boolean }
  /** Where the run file of this session has to begin, when not at step 0. */
  private from?: { step: number; files: CheckpointFiles }
  private tensors = { numTensors: 0, numBytes: 0 }

  constructor(
    private readonly context: KernelContext,
    private readonly options: SessionOptions,
  ) {
    const { read, base, beginning } = options
    this.runId = createRunId(options.name ?? read.spec.name ?? read.spec.strategy.name)
    this.changes.push(...(beginning?.parent.changes ?? []))
    this.from = beginning?.from
    this.sink = new SessionSink(this.record, {
      base,
      runId: this.runId,
      spec: { ...this.spec, ...(options.name !== undefined && { name: options.name }) },
      parent: beginning?.parent.run,
    })
    context.sessions.add(this)
    this.opening = this.enqueue(() => context.working(() => this.open()))
    this.opening.catch(() => context.sessions.delete(this))
    context.waitFor(this.opening)
  }

  /** A notebook shows every step, so every step is measured. */
  private get spec(): ResolvedSpec {
    const { spec } = this.options.read
    return { ...spec, train: { ...spec.train, measureEvery: 1 } }
  }

  get written() {
    return this.options.read.written
  }

  get base(): string {
    return this.options.base
  }

  get name(): string {
    const { name, read } = this.options
    return name ?? read.spec.name ?? this.title
  }

  /** In words for a comparison. */
  get title(): string {
    return this.inner?.setup.strategy.meta.title ?? this.options.read.spec.strategy.name
  }

  get folder(): string {
    return this.sink.folder
  }

  get hasFolder(): boolean {
    return this.sink.hasFolder
  }

  get steps(): number {
    return this.inner?.steps ?? 0
  }

  get planned(): number {
    return this.inner?.setup.steps ?? this.options.read.spec.train.steps ?? 60
  }

  get stages(): string[] {
    return this.opened().setup.stages.map((stage) => stage.name)
  }

  get classes(): string[] {
    return [...this.opened().setup.images.dataset.classes]
  }

  /** The engine's own session, for what this API lacks. What is changed through it gives no run file. */
  get raw(): TrainingSession {
    return this.opened()
  }

  /** Resolves when network and data are loaded. */
  get ready(): Promise<TrainingSession> {
    return this.opening
  }

  /** @throws UserError while network and data are still being loaded */
  private opened(): TrainingSession {
    if (this.closed) throw new UserError(`The session ${this.name} is closed; begin another one.`)
    if (!this.inner)
      throw new UserError(
        `The session ${this.name} is still being opened; look at it in a later line: \`await ${this.context.nameOf(this) ?? 'session'}.step(1)\`, or in the next cell.`,
      )
    return this.inner
  }

  private async open(): Promise<TrainingSession> {
    const { options, context } = this
    const [engine, { provideOwn }, { cacheFolder }] = await Promise.all([
      import('../../engine/train'),
      import('../../own/provide'),
      import('../../runner'),
    ])
    this.engine = engine
    const { spec, sink } = this
    provideOwn(spec, { base: options.base })
    const { beginning } = options
    const first = await beginning?.files()
    const { pid, execPath, version } = process
    const inner = await engine.TrainingSession.open(
      spec,
      {
        runId: this.runId,
        base: options.base,
        cache: cacheFolder(this.folder),
        sink,
        ...(first && !beginning?.adopt && { resume: first }),
        process: { pid, node: version, execPath, host: '' },
      },
      options.parts,
    )
    this.actions = engine.inOrder(spec.train.actions)
    const { floats } = await import('../../engine/optim/floats')
    this.guard = new WeightGuard(inner, (name) => floats(inner.bank.get(name)))
    if (first && beginning?.adopt) await engine.adoptState(inner, first.files, beginning.adopt)
    if (beginning?.parent.record && first)
      this.record.inherit(beginning.parent.record, beginning.replayTo ?? first.step)
    if (beginning?.replayTo !== undefined) await this.replay(inner, beginning)
    // the state as it is here: what a run file has to begin with
    if (first && beginning?.adopt) this.from = { step: first.step, files: engine.saveSession(inner) }
    if (first) this.ring.put(first.step, this.from?.step === first.step ? this.from.files : first.files)
    this.inner = inner
    this.guard.after()
    this.note()
    inner.emit(engine.announcement(inner, inner.env))
    inner.emit({ kind: 'phase', phase: inner.declared(), step: inner.steps })
    inner.emit({ kind: 'state', state: 'paused' })
    if (!beginning) context.show(sessionItems(this.facts(inner)))
    return inner
  }

  /** Takes the steps that the parent took from a checkpoint on, with what was done to it on the way. */
  private async replay(inner: TrainingSession, { replayTo, parent }: Beginning): Promise<void> {
    const from = inner.steps
    const live = (parent.record?.actions() ?? []).filter(
      ({ at, source }) => source !== 'run file' && at >= from && at < replayTo!,
    )
    this.sink.muted = true
    try {
      while (inner.steps < replayTo!) {
        if (this.context.interrupted)
          throw new Interrupted('Interrupted on the way back; nothing was changed.')
        await this.doDue(inner)
        for (const { at, action } of live)
          if (at === inner.steps) {
            const command = action as { do: string }
            if (['freeze', 'unfreeze', 'rate'].includes(command.do))
              await inner.apply(command as never, 'notebook')
          }
        live.splice(0, live.findLastIndex(({ at }) => at <= inner.steps) + 1)
        if (!(await inner.step())) break
        await yieldNow()
      }
    } finally {
      this.sink.muted = false
    }
    this.ring.put(inner.steps, this.engine!.saveSession(inner))
    const replayed = inner.steps - from
    this.context.note(
      `rewound to checkpoint ${from}, replayed ${replayed} ${replayed === 1 ? 'step' : 'steps'}`,
    )
  }

  /** Runs one thing after the other on the engine. */
  private enqueue<T>(work: () => Promise<T>): Promise<T> {
    this.busy++
    const next = this.turn.then(work).finally(() => this.busy--)
    this.turn = next.catch(() => undefined)
    return next
  }

  private act<T>(work: (inner: TrainingSession) => Promise<T>): Promise<T> {
    return this.enqueue(async () => {
      const inner = await this.opening
      if (this.closed) throw new UserError(`The session ${this.name} is closed; begin another one.`)
      return work(inner)
    })
  }

  /** Looks whether weights were changed by others since the session last worked. */
  private look(inner: TrainingSession): void {
    if (this.guard!.before()) this.tellChange(inner.steps, this.context.cellLabel())
  }

  private tellChange(step: number, cell: string): void {
    this.changes.push({ step, cell })
    this.guard!.after()
    // what comes after is exact again from here
    if (this.inner) this.ring.put(step, this.engine!.saveSession(this.inner))
  }

  step(count = 1): Promise<Cell.Steps> {
    if (!Number.isInteger(count) || count < 1)
      throw new UserError(`step(${count}): give the number of steps, 1 or more`)
    return toBeShown(this.act((inner) => this.take(inner, count)))
  }

  finish(): Promise<Cell.Steps> {
    return toBeShown(
      this.act(async (inner) => {
        const left = Math.max(0, inner.setup.steps - inner.steps)
        const taken = left > 0 && !inner.done ? await this.take(inner, left) : withDisplay([], () => ({}))
        await this.context.working(async () => {
          const { val, test } = inner.setup.images.dataset.counts
          await inner.close()
          if (val > 0) await inner.watch({ final: true })
          if (this.sink.hasFolder) await inner.checkpoint('end')
          if (test > 0) await inner.evaluate('test', { final: true })
        })
        this.finished = true
        this.guard!.after()
        const last = inner.lastMetrics
        if (last) this.context.show(metricsItems(last.split, last.metrics))
        return taken
      }),
    )
  }

  private async take(inner: TrainingSession, asked: number): Promise<Cell.Steps> {
    const { context } = this
    if (inner.done) throw new UserError(`There are no steps left: ${this.name} plans ${inner.setup.steps}.`)
    this.look(inner)
    await this.openFolder(inner)
    this.pauseAsked = false
    inner.emit({ kind: 'state', state: 'running' })
    const reports: StepReport[] = []
    const began = performance.now()
    let last = began
    const show = this.growing(inner, asked)
    try {
      while (reports.length < asked && !inner.done) {
        if (context.interrupted) throw this.stopped(inner)
        await context.working(async () => {
          await this.border(inner)
          if (this.pauseAsked || inner.done) return
          if (this.ring.steps.length === 0) this.ring.save(inner.steps, () => this.engine!.saveSession(inner))
          const report = await inner.step(() => context.interrupted)
          if (!report) return
          reports.push(report)
          const { data, compute, update, record } = report.ms
          if (this.ring.due(data + compute + update + record))
            this.ring.save(inner.steps, () => this.engine!.saveSession(inner))
          const { evaluateEvery } = this.spec.train
          if (evaluateEvery !== undefined && inner.steps % evaluateEvery === 0 && !inner.done)
            await inner.watch()
        })
        if (this.pauseAsked) {
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
      if (context.interrupted && reports.length < asked && !inner.done) throw this.stopped(inner)
    } finally {
      this.guard!.after()
      this.note()
      context.countSteps(reports.length, performance.now() - began)
      inner.emit({ kind: 'state', state: 'paused' })
      if (reports.length > 0) show(reports, false)
    }
    return withDisplay(reports, () => ({}))
  }

  private stopped(inner: TrainingSession): Interrupted {
    return new Interrupted(`Interrupted; the session stands after step ${inner.steps}.`)
  }

  /** One display for all steps of a session in one cell, in place while they are taken. */
  private growing(
    inner: TrainingSession,
    asked: number,
  ): (reports: readonly StepReport[], live: boolean) => void {
    const cell = this.context.cellKey()
    if (this.shown?.cell !== cell) this.shown = { cell, id: this.context.newId(), reports: [], sent: false }
    const { shown } = this
    const before = shown.reports.length
    return (reports, live) => {
      shown.reports.splice(before, Infinity, ...reports)
      const output = stepOutput(
        {
          name: this.context.nameOf(this) ?? this.name,
          strategy: this.title,
          done: inner.steps,
          planned: inner.setup.steps,
          layers: inner.setup.layers,
          declared: inner.declared().declared,
          reports: shown.reports,
          asked: before + asked,
          id: shown.id,
          live,
        },
        this.record,
      )
      if (shown.sent) this.context.update(shown.id, stepItems(output), !live)
      else this.context.show(stepItems(output), shown.id)
      shown.sent = true
    }
  }

  private async openFolder(inner: TrainingSession): Promise<void> {
    if (this.sink.hasFolder) {
      this.sink.assertCurrent()
      return
    }
    // a run that goes on from another's state keeps that state, so that it can be resumed and replayed
    const first = this.options.beginning && { step: inner.steps, files: this.engine!.saveSession(inner) }
    await this.sink.open(first)
    void this.listen()
  }

  /** Obeys the panel and the command line also while no cell runs. */
  private async listen(): Promise<void> {
    while (!this.closed) {
      await this.sink.inbox.wait()
      if (this.closed) return
      await this.act((inner) => this.context.working(() => this.obeyAll(inner))).catch(() => undefined)
    }
  }

  /** All that is due between two steps: the run file's actions, then what was asked live. */
  private async border(inner: TrainingSession): Promise<void> {
    await this.doDue(inner)
    for (let next = this.waiting.shift(); next; next = this.waiting.shift()) this.applyLive(inner, next)
    await this.obeyAll(inner)
  }

  private async doDue(inner: TrainingSession): Promise<void> {
    for (
      let command = this.engine!.takeDue(inner, this.actions);
      command;
      command = this.engine!.takeDue(inner, this.actions)
    ) {
      if (command.do === 'pause' || command.do === 'stop') this.pauseAsked = true
      else await inner.apply(command, 'run file')
    }
  }

  private async obeyAll(inner: TrainingSession): Promise<void> {
    for (const pending of this.sink.inbox.take()) await this.obey(inner, pending)
  }

  private async obey(inner: TrainingSession, { command, source, done, fail }: PendingCommand): Promise<void> {
    try {
      if (command.do === 'resume' || command.do === 'step')
        throw new UserError(
          'This run belongs to a notebook, which takes its steps: run a cell with `session.step(10)`.',
        )
      if (command.do === 'pause' || command.do === 'stop') this.pauseAsked = true
      done?.(await inner.apply(command, source))
    } catch (error) {
      fail?.(error instanceof Error ? error.message : String(error))
    }
  }

  freeze(...layers: string[]): void {
    this.live({ kind: 'freeze', layers: patterns('freeze', layers) })
  }

  unfreeze(...layers: string[]): void {
    this.live({ kind: 'unfreeze', layers: patterns('unfreeze', layers) })
  }

  get rate(): number {
    return this.askedRate ?? this.spec.train.optimizer.rate * (this.inner?.rateFactor ?? 1)
  }

  set rate(rate: number) {
    if (!(rate >= 0) || !Number.isFinite(rate))
      throw new UserError(`rate = ${rate}: give a learning rate, a number from 0 up`)
    this.live({ kind: 'rate', factor: rate / this.spec.train.optimizer.rate })
    this.askedRate = rate
  }

  /** At once where the session stands still, so that an error belongs to its line; else at the next step border. */
  private live(what: Live): void {
    if (this.closed) this.opened()
    const { inner } = this
    const due = inner && this.actions[inner.actionsDone]
    const free = inner && this.busy === 0 && !(due && due.at <= inner.steps)
    if (free) this.applyLive(inner, what)
    else this.waiting.push(what)
  }

  private applyLive(inner: TrainingSession, what: Live): void {
    const command =
      what.kind === 'rate'
        ? ({ do: 'rate', factor: what.factor } as const)
        : { do: what.kind, layers: what.layers }
    inner.applyNow(command, 'notebook')
  }

  batch(): Promise<Cell.Images> {
    return toBeShown(this.act((inner) => this.context.working(() => nextBatch(inner))))
  }

  predict(images?: Cell.Images | string | string[]): Promise<Cell.Predictions> {
    return toBeShown(
      this.act((inner) =>
        this.context.working(() =>
          predictWith(
            inner,
            images as ImageChoice | string | string[] | undefined,
            this.context.base,
            this.name,
          ),
        ),
      ),
    )
  }

  evaluate(split?: 'train' | 'val' | 'test'): Promise<Cell.Metrics> {
    return toBeShown(
      this.act((inner) =>
        this.context.working(async () => {
          const { metrics, split: used } = await inner.evaluate(split)
          return withDisplay({ ...metrics }, () => metricsItems(used, metrics))
        }),
      ),
    )
  }

  /** Scores of a whole split, for a comparison. */
  scores(split: 'val' | 'test'): Promise<{ logits: Float32Array; labels: Int32Array }> {
    return this.act((inner) =>
      this.context.working(() =>
        this.engine!.scoreSplit(
          { ...inner.setup, graph: inner.graph },
          inner.bank,
          inner.features,
          split,
          undefined,
          inner.infer,
        ),
      ),
    )
  }

  layers(): Promise<Cell.Layers> {
    return toBeShown(
      this.act(async (inner) => {
        const declared = inner.declared().declared
        const states = inner.setup.layers.map((layer, i): Cell.LayerState => {
          const { training = false, batchNorm } = declared[i] ?? {}
          return {
            ...layerRow(layer),
            training,
            ...(batchNorm && { batchNorm }),
            moved: this.record.latest(i, 'moved') ?? null,
            distance: this.record.latest(i, 'distance') ?? null,
          }
        })
        return withDisplay(states, () => layersItems(layersDisplay(this.label(inner), states)))
      }),
    )
  }

  freezeMap({ by = 'stage' }: { by?: FreezeMapDisplay['by'] } = {}): Promise<Cell.FreezeMap> {
    return toBeShown(
      this.act(async () => {
        const display = await freezeMapDisplay(this.record, by)
        const { steps, rows } = display
        return withDisplay({ steps, rows }, () => freezeMapItems(display))
      }),
    )
  }

  curves(): Promise<Cell.Curves> {
    return toBeShown(
      this.act(async () => {
        const view = this.record.view()
        const series = Object.fromEntries(
          Object.entries(view.series).map(([name, { steps, values }]) => [
            name,
            { steps: [...steps], values: [...values] },
          ]),
        )
        return withDisplay({ series }, () => curvesItems(curvesDisplay(view)))
      }),
    )
  }

  gradients(): Promise<Cell.Gradients> {
    return toBeShown(
      this.act(async (inner) => {
        if (this.record.latest(0, 'gradientNorm') === undefined)
          throw new UserError('There is no gradient yet: take a step first, `await session.step(1)`.')
        const rows = inner.setup.layers.map((layer, i): Cell.LayerGradient => ({
          layer: layer.name,
          stage: layer.stage,
          norm: this.record.latest(i, 'gradientNorm')!,
          update: this.record.latest(i, 'updateRatio')!,
        }))
        const table = {
          v: 1 as const,
          title: `Gradients of step ${inner.steps}`,
          columns: [
            { name: 'Layer', kind: 'text' as const },
            { name: 'Stage', kind: 'text' as const },
            { name: '‖gradient‖', kind: 'number' as const },
            { name: 'Update ratio', kind: 'number' as const },
          ],
          rows: rows.map(({ layer, stage, norm, update }) => [layer, stage, norm, update]),
        }
        return withDisplay(rows, () => tableItems(table))
      }),
    )
  }

  at(step: number): Promise<NotebookSession> {
    return this.act(async (inner) => {
      if (!Number.isInteger(step) || step < 0)
        throw new UserError(`at(${step}): give a number of steps, 0 or more`)
      if (step > inner.steps)
        throw new UserError(
          `at(${step}): the session stands after ${inner.steps} steps; take the others first`,
        )
      this.look(inner)
      if (step === inner.steps) this.ring.put(step, this.engine!.saveSession(inner))
      else if (this.ring.nearest(step) === undefined)
        throw new UserError(
          `at(${step}): this session begins at step ${this.ring.steps[0] ?? inner.steps}; go back in the one that it came from`,
        )
      const nearest = this.ring.nearest(step)!
      const change = this.changes.find((one) => one.step > nearest.step && one.step < step)
      if (change)
        throw new UserError(
          `at(${step}): ${change.cell} changed weights by itself after step ${change.step}, so the way there cannot be repeated`,
        )
      return this.descend({
        files: () => Promise.resolve(nearest),
        replayTo: step,
        parent: this.asParent(step),
        from: this.from,
      })
    }).then(async (session) => {
      await session.ready
      return session
    })
  }

  fork(options: Cell.ForkOptions = {}): NotebookSession {
    const { name, ...rest } = options
    const changed = Object.values(rest).some((value) => value !== undefined)
    const { name: _name, ...written } = this.written
    const read = changed ? readWritten(withOptions(written, rest), this.base) : this.options.read
    // its state of now, or of when it has done what it is about to do
    const files =
      this.inner && this.busy === 0
        ? Promise.resolve(this.capture(this.inner))
        : this.act((inner) => Promise.resolve(this.capture(inner)))
    files.catch(() => undefined)
    const sameRule = read.spec.train.optimizer.name === this.options.read.spec.train.optimizer.name
    return this.descend(
      {
        files: () => files,
        parent: this.asParent(this.steps),
        ...(changed ? { adopt: { sameRule } } : { from: this.from }),
      },
      read,
      name,
    )
  }

  private capture(inner: TrainingSession): { step: number; files: CheckpointFiles } {
    this.look(inner)
    const files = this.engine!.saveSession(inner)
    this.ring.put(inner.steps, files)
    return { step: inner.steps, files }
  }

  private asParent(step: number): Beginning['parent'] {
    return {
      run: this.runId,
      ancestors: this.ancestors(),
      record: this.record,
      changes: this.changes.filter((change) => change.step <= step),
    }
  }

  private descend(beginning: Beginning, read = this.options.read, name?: string): NotebookSession {
    const { base, parts } = this.options
    // a network is loaded once; a fork with another network does not exist
    return new NotebookSession(this.context, { read, base, parts, name, beginning })
  }

  /** Up to which step this session's past is that of the one it came from. */
  get sharedUntil(): number {
    return this.record.view().started?.from ?? 0
  }

  /** Runs that its past belongs to, with the step up to which it does. */
  ancestors(): [run: string, until: number][] {
    const parent = this.options.beginning?.parent
    if (!parent) return []
    const until = this.sharedUntil
    return [
      [parent.run, until],
      ...parent.ancestors.map(([run, step]) => [run, Math.min(step, until)] as [string, number]),
    ]
  }

  toRunFile(file?: string): Promise<string> {
    return this.act(async (inner) => {
      this.look(inner)
      const [change] = this.changes
      if (change)
        throw new UserError(
          `${change.cell} changed weights outside of the session's actions (after step ${change.step}), which no run file can repeat. Leave that out and run the cells again, or export the weights with a checkpoint: \`await session.checkpoint()\`.`,
        )
      const name =
        this.options.name ??
        this.options.read.spec.name ??
        `${this.context.name.replace(/\.thawnb$/, '') || 'notebook'} ${this.context.nameOf(this) ?? ''}`.trim()
      const path = file === undefined ? undefined : resolve(this.base, withEnding(file))
      const from = this.from && (path ? path.replace(/\.thaw\.json$/, '') : join(this.folder, 'start'))
      if (this.from && from) writeFiles(`${from}.start`, this.from.files)
      const text = runFileText({
        written: this.written,
        name,
        backend: inner.setup.backend.name,
        steps: inner.steps,
        planned: inner.setup.steps,
        controls: this.record.actions().filter(({ at }) => at >= (this.from?.step ?? 0)),
        ...(from && { from: path ? `${from.slice(this.base.length + 1)}.start` : `${from}.start` }),
      })
      if (path) {
        if (existsSync(path)) this.context.note(`${file} was replaced`)
        writeFileSync(path, text)
      }
      return text
    })
  }

  get weights(): Cell.Weights {
    const inner = this.opened()
    const has = (name: string) => {
      if (!inner.bank.has(name))
        throw new UserError(`There is no parameter "${name}"; \`session.weights.names()\` lists them.`)
    }
    return {
      names: () => inner.bank.names(),
      get: (name) => {
        has(name)
        const tensor = inner.bank.get(name)
        return { shape: [...tensor.shape], data: tensor.dataSync<'float32'>().slice() }
      },
      set: (name, data) => {
        has(name)
        const { shape, size } = inner.bank.get(name)
        if (data.length !== size)
          throw new UserError(`"${name}" has ${size} values (${shape.join(' × ')}), not ${data.length}.`)
        inner.setValue(name, { data: Float32Array.from(data), shape })
        this.tellChange(inner.steps, this.context.cellLabel())
      },
    }
  }

  async checkpoint(): Promise<void> {
    await this.act((inner) =>
      this.context.working(async () => {
        await this.openFolder(inner)
        await inner.checkpoint('asked for by the notebook')
      }),
    )
  }

  async close(): Promise<void> {
    if (this.closed) return
    try {
      await this.enqueue(async () => {
        const { inner } = this
        this.closed = true
        if (!inner) return
        if (this.sink.hasFolder) await this.endRun(inner)
        await inner.dispose()
      })
    } finally {
      this.closed = true
      await this.sink.close()
      this.ring.clear()
      this.context.sessions.delete(this)
    }
  }

  private async endRun(inner: TrainingSession): Promise<void> {
    try {
      if (!this.finished) await inner.checkpoint('the notebook closed it')
      const { moved, distance } = inner.movement()
      const last = inner.lastMetrics
      inner.emit({
        kind: 'run-ended',
        state: this.finished ? 'finished' : 'stopped',
        step: inner.steps,
        ...(last && { metrics: last.metrics, split: last.split }),
        seconds: this.record.view().ms.compute / 1000,
        moved,
        distance,
      })
    } catch {
      // its folder is gone or full: what it held in memory goes either way
    }
  }

  /** Looks after a cell whether it changed weights by itself. */
  async cellEnded(label: string): Promise<void> {
    const { inner, guard } = this
    if (this.closed || !inner || !guard || this.busy > 0) return
    if (guard.cellEnded()) this.tellChange(inner.steps, label)
  }

  memory() {
    return {
      tensors: this.tensors.numTensors,
      tensorBytes: this.tensors.numBytes,
      checkpointBytes: this.ring.bytes,
      checkpointLimit: this.ring.limit,
    }
  }

  private note(): void {
    this.tensors = this.engine!.tensorMemory()
  }

  private label(inner: TrainingSession): string {
    return `${this.context.nameOf(this) ?? this.name}, step ${inner.steps} of ${inner.setup.steps}`
  }

  private facts(inner: TrainingSession): SessionDisplay {
    const { setup } = inner
    const { name, threads, device } = setup.backend
    const { counts, classes } = setup.images.dataset
    const trained = setup.layers.reduce((sum, layer) => sum + layer.parameters, 0)
    const held = counts.val > 0 ? `, ${counts.val} val` : ''
    return {
      v: 1,
      name: this.name,
      facts: [
        {
          label: 'Network',
          value: inner.graph.architecture,
          more: `${count(trained)} weights in ${setup.layers.length} layers`,
        },
        { label: 'Strategy', value: setup.strategy.meta.title },
        { label: 'Train', value: `${counts.train} images`, more: `${classes.length} classes` },
        { label: 'Held out', value: `${counts.test} test${held}` },
        { label: 'Steps', value: String(setup.steps), more: `of ${inner.spec.train.batchSize} images` },
        {
          label: 'Device',
          value: name,
          more: `${device || 'CPU'}, ${threads === 1 ? '1 thread' : `${threads} threads`}`,
        },
      ],
    }
  }

  get [Symbol.toStringTag](): string {
    return 'Session'
  }

  /** In one line, for the console and lists of variables. */
  [inspect.custom](): string {
    return `Session (${`${this.name}, step ${this.steps} of ${this.planned}`})`
  }

  async [DISPLAY](): Promise<OutputItems> {
    return sessionItems(this.facts(await this.opening))
  }
}

function patterns(method: string, layers: string[]): string[] {
  const flat = (layers as unknown[]).flat() as string[]
  if (flat.length === 0 || !flat.every((one) => typeof one === 'string'))
    throw new UserError(`${method}(): name layers, stages or parameters, for example ${method}('stage1')`)
  return flat
}

const withEnding = (file: string): string =>
  file.endsWith('.thaw.json') ? file : `${file.replace(/\.json$/, '')}.thaw.json`

function writeFiles(folder: string, files: CheckpointFiles): void {
  mkdirSync(folder, { recursive: true })
  for (const [name, bytes] of files) writeFileSync(join(folder, name), bytes)
}

const layerRow = ({ name, stage, block, kind, parameters }: LayerInfo) => ({
  name,
  stage,
  block,
  kind,
  parameters,
})

const yieldNow = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

function metricsItems(split: string, metrics: Cell.Metrics): OutputItems {
  const { count: images, loss, accuracy, balancedAccuracy, low, high, macroF1, ece } = metrics
  return tableItems({
    v: 1,
    title: `On ${images} ${split} images`,
    columns: [
      { name: 'Balanced accuracy', kind: 'percent' },
      { name: '95 % from', kind: 'percent' },
      { name: 'to', kind: 'percent' },
      { name: 'Accuracy', kind: 'percent' },
      { name: 'Macro F1', kind: 'number', digits: 3 },
      { name: 'Loss', kind: 'number', digits: 3 },
      { name: 'Calibration error', kind: 'number', digits: 3 },
    ],
    rows: [[balancedAccuracy, low, high, accuracy, macroF1, loss, ece]],
  })
}
