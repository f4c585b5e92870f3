import { inspect } from 'node:util'
import type { TrainingSession } from '../../engine/train'
import { UserError } from '../../spec'
import type * as Cell from '../cellApi'
import { DISPLAY, toBeShown, withDisplay, type Displayed } from '../display'
import type { FreezeMapDisplay } from '../displays'
import type { KernelContext } from '../kernel/context'
import type { OutputItems } from '../protocol'
import { sessionItems } from '../show/session'
import { LiveActions } from './acting'
import { SessionCore, type SessionOptions } from './core'
import type { ImageChoice } from './data'
import { metricsItems, sessionFacts } from './facts'
import { nextBatch, predictWith } from './looking'
import { curvesOf, freezeMapOf, gradientsOf, layersOf } from './measures'
import { openSession } from './opening'
import { ancestorsOf, beginningAt, beginningOfFork } from './past'
import type { SessionRecord } from './record'
import { endRun, openFolder, saveRunFile } from './saving'
import { Stepper } from './stepping'
import { weightsOf } from './weights'

/** `Session` of cellApi.ts: what cells hold. Its parts lie beside this file, by subject; `SessionCore` is what they share. */
export class NotebookSession implements Cell.Session, Displayed {
  private readonly core: SessionCore
  private readonly live: LiveActions
  private readonly stepper: Stepper

  constructor(context: KernelContext, options: SessionOptions) {
    const core = new SessionCore(context, options, this)
    this.core = core
    this.live = new LiveActions(core)
    this.stepper = new Stepper(core, this.live)
    context.sessions.add(this)
    const opening = core.begin(() => openSession(core, this.live))
    opening.catch(() => context.sessions.delete(this))
    context.waitFor(opening)
  }

  get runId(): string {
    return this.core.runId
  }

  get record(): SessionRecord {
    return this.core.record
  }

  get name(): string {
    return this.core.name
  }

  /** In words for a comparison. */
  get title(): string {
    return this.core.title
  }

  get folder(): string {
    return this.core.sink.folder
  }

  get steps(): number {
    return this.core.steps
  }

  get planned(): number {
    return this.core.planned
  }

  get stages(): string[] {
    return this.core.opened().setup.stages.map((stage) => stage.name)
  }

  get classes(): string[] {
    return [...this.core.opened().setup.images.dataset.classes]
  }

  /** The engine's own session, for what this API lacks. What is changed through it gives no run file. */
  get raw(): TrainingSession {
    return this.core.opened()
  }

  /** Resolves when network and data are loaded. */
  get ready(): Promise<TrainingSession> {
    return this.core.ready
  }

  step(count = 1): Promise<Cell.Steps> {
    if (!Number.isInteger(count) || count < 1)
      throw new UserError(`step(${count}): give the number of steps, 1 or more`)
    return toBeShown(this.core.act((inner) => this.stepper.take(inner, count)))
  }

  finish(): Promise<Cell.Steps> {
    return toBeShown(this.core.act((inner) => this.stepper.finish(inner)))
  }

  freeze(...layers: string[]): void {
    this.live.freeze(layers)
  }

  unfreeze(...layers: string[]): void {
    this.live.unfreeze(layers)
  }

  get rate(): number {
    return this.live.rate
  }

  set rate(rate: number) {
    this.live.rate = rate
  }

  batch(): Promise<Cell.Images> {
    return toBeShown(this.core.work(nextBatch))
  }

  predict(images?: Cell.Images | string | string[]): Promise<Cell.Predictions> {
    const chosen = images as ImageChoice | string | string[] | undefined
    return toBeShown(this.core.work((inner) => predictWith(inner, chosen, this.core.context.base, this.name)))
  }

  evaluate(split?: 'train' | 'val' | 'test'): Promise<Cell.Metrics> {
    return toBeShown(
      this.core.work(async (inner) => {
        const { metrics, split: used } = await inner.evaluate(split)
        return withDisplay({ ...metrics }, () => metricsItems(used, metrics))
      }),
    )
  }

  /** Scores of a whole split, for a comparison. */
  scores(split: 'val' | 'test'): Promise<{ logits: Float32Array; labels: Int32Array }> {
    return this.core.work(({ setup, graph, bank, features, infer }) =>
      this.core.engine.scoreSplit({ ...setup, graph }, bank, features, split, undefined, infer),
    )
  }

  layers(): Promise<Cell.Layers> {
    const { core, record } = this
    return toBeShown(
      core.act(async (inner) => {
        const { setup, steps } = inner
        const title = `${core.variable ?? core.name}, step ${steps} of ${setup.steps}`
        return layersOf(setup.layers, inner.declared().declared, (...of) => record.latest(...of), title)
      }),
    )
  }

  freezeMap({ by = 'stage' }: { by?: FreezeMapDisplay['by'] } = {}): Promise<Cell.FreezeMap> {
    return toBeShown(this.core.act(() => freezeMapOf(this.record, by)))
  }

  curves(): Promise<Cell.Curves> {
    return toBeShown(this.core.act(async () => curvesOf(this.record.view())))
  }

  gradients(): Promise<Cell.Gradients> {
    return toBeShown(this.core.act(async (inner) => gradientsOf(inner, this.record)))
  }

  async at(step: number): Promise<NotebookSession> {
    const { context, options } = this.core
    const session = await this.core.act(
      async (inner) =>
        new NotebookSession(context, {
          ...options,
          name: undefined,
          beginning: beginningAt(this.core, inner, step),
        }),
    )
    await session.ready
    return session
  }

  fork({ name, ...rest }: Cell.ForkOptions = {}): NotebookSession {
    const { context, options } = this.core
    // a network is loaded once; a fork with another network does not exist
    return new NotebookSession(context, { ...options, name, ...beginningOfFork(this.core, rest) })
  }

  /** Runs that its past belongs to, with the step up to which it does. */
  ancestors(): [run: string, until: number][] {
    return ancestorsOf(this.core)
  }

  toRunFile(file?: string): Promise<string> {
    return this.core.act(async (inner) => saveRunFile(this.core, inner, file))
  }

  get weights(): Cell.Weights {
    const { core } = this
    const inner = core.opened()
    return weightsOf(inner, () => core.tellChange(inner.steps, core.context.cellLabel()))
  }

  async checkpoint(): Promise<void> {
    await this.core.work(async (inner) => {
      await openFolder(this.core, this.live, inner)
      await inner.checkpoint('asked for by the notebook')
    })
  }

  async close(): Promise<void> {
    const { core } = this
    if (core.closed) return
    try {
      await core.enqueue(async () => {
        core.closed = true
        if (!core.inner) return
        if (core.sink.hasFolder) await endRun(core, core.inner)
        await core.inner.dispose()
      })
    } finally {
      core.closed = true
      await core.sink.close()
      core.ring.clear()
      core.context.sessions.delete(this)
    }
  }

  /** Looks after a cell whether it changed weights by itself. */
  cellEnded(label: string): void {
    this.core.cellEnded(label)
  }

  memory() {
    return this.core.memory()
  }

  get [Symbol.toStringTag](): string {
    return 'Session'
  }

  /** In one line, for the console and lists of variables. */
  [inspect.custom](): string {
    return `Session (${`${this.name}, step ${this.steps} of ${this.planned}`})`
  }

  async [DISPLAY](): Promise<OutputItems> {
    return sessionItems(sessionFacts(this.core, await this.ready))
  }
}
