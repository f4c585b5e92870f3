import type * as Engine from '../../engine/train'
import type { TrainingSession } from '../../engine/train'
import { createRunId } from '../../events'
import { UserError, type ResolvedSpec } from '../../spec'
import type { KernelContext } from '../kernel/context'
import type { EngineParts } from './looking'
import { SessionRecord } from './record'
import { CheckpointRing, type CheckpointFiles } from './ring'
import { SessionSink } from './sink'
import type { ReadSpec, WrittenSpec } from './specs'
import type { OutsideChange, WeightGuard } from './weightGuard'

/** A checkpoint in memory. */
export interface Point {
  step: number
  files: CheckpointFiles
}

/** Where a session begins: at its first step, or where another one stood. */
export interface Beginning {
  /** Gives the files when the session opens. */
  files(): Promise<Point>
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
  from?: Point
}

export interface SessionOptions {
  read: ReadSpec
  /** Folder that relative paths of the run file start from. */
  base: string
  name?: string
  parts?: EngineParts
  beginning?: Beginning
}

/**
 * What all parts of a notebook's session share: the engine's session, one thing at a time, its past and its run folder.
 */
export class SessionCore {
  readonly runId: string
  readonly record = new SessionRecord()
  /** Changes of its weights that were not its own. */
  readonly changes: OutsideChange[] = []
  readonly ring = new CheckpointRing()
  readonly sink: SessionSink
  inner?: TrainingSession
  guard?: WeightGuard
  /** Evaluated at its planned end. */
  finished = false
  closed = false
  /** Where the run file of this session has to begin, when not at step 0. */
  from?: Point
  private loaded?: typeof Engine
  private opening?: Promise<TrainingSession>
  private turn: Promise<unknown> = Promise.resolve()
  private tasks = 0
  private tensors = { numTensors: 0, numBytes: 0 }

  /** @param owner the value that cells hold */
  constructor(
    readonly context: KernelContext,
    readonly options: SessionOptions,
    private readonly owner: object,
  ) {
    const { read, base, name, beginning } = options
    this.runId = createRunId(name ?? read.spec.name ?? read.spec.strategy.name)
    this.changes.push(...(beginning?.parent.changes ?? []))
    this.from = beginning?.from
    this.sink = new SessionSink(this.record, {
      base,
      runId: this.runId,
      spec: { ...this.spec, ...(name !== undefined && { name }) },
      parent: beginning?.parent.run,
    })
  }

  /** Opens the engine's session as the first thing that is done. */
  begin(open: () => Promise<TrainingSession>): Promise<TrainingSession> {
    this.opening = this.enqueue(() => this.context.working(open))
    return this.opening
  }

  /** Resolves when network and data are loaded. */
  get ready(): Promise<TrainingSession> {
    return this.opening!
  }

  /** A notebook shows every step, so every step is measured. */
  get spec(): ResolvedSpec {
    const { spec } = this.options.read
    return { ...spec, train: { ...spec.train, measureEvery: 1 } }
  }

  get written(): WrittenSpec {
    return this.options.read.written
  }

  get base(): string {
    return this.options.base
  }

  get name(): string {
    const { name, read } = this.options
    return name ?? read.spec.name ?? this.title
  }

  /** The strategy in words. */
  get title(): string {
    return this.inner?.setup.strategy.meta.title ?? this.options.read.spec.strategy.name
  }

  /** The variable that holds it, when one does. */
  get variable(): string | undefined {
    return this.context.nameOf(this.owner)
  }

  get steps(): number {
    return this.inner?.steps ?? 0
  }

  get planned(): number {
    return this.inner?.setup.steps ?? this.options.read.spec.train.steps ?? 60
  }

  /** The engine, which is read when the first session opens. */
  get engine(): typeof Engine {
    return this.loaded!
  }

  set engine(engine: typeof Engine) {
    this.loaded = engine
  }

  /** @throws UserError while network and data are still being loaded */
  opened(): TrainingSession {
    this.assertOpen()
    if (!this.inner)
      throw new UserError(
        `The session ${this.name} is still being opened; look at it in a later line: \`await ${this.variable ?? 'session'}.step(1)\`, or in the next cell.`,
      )
    return this.inner
  }

  assertOpen(): void {
    if (this.closed) throw new UserError(`The session ${this.name} is closed; begin another one.`)
  }

  /** Something is being done, or waits for it. */
  get busy(): boolean {
    return this.tasks > 0
  }

  /** Runs one thing after the other on the engine. */
  enqueue<T>(work: () => Promise<T>): Promise<T> {
    this.tasks++
    const next = this.turn.then(work).finally(() => this.tasks--)
    this.turn = next.catch(() => undefined)
    return next
  }

  /** As `enqueue`, once the session is open. */
  act<T>(work: (inner: TrainingSession) => Promise<T>): Promise<T> {
    return this.enqueue(async () => {
      const inner = await this.ready
      this.assertOpen()
      return work(inner)
    })
  }

  /** Work that an interrupt does not break off. */
  work<T>(work: (inner: TrainingSession) => Promise<T>): Promise<T> {
    return this.act((inner) => this.context.working(() => work(inner)))
  }

  /** Keeps the state of now as a rewind point. */
  keepPoint(inner: TrainingSession): Point {
    const point = { step: inner.steps, files: this.engine.saveSession(inner) }
    this.ring.put(point.step, point.files)
    return point
  }

  /** Looks whether weights were changed by others since the session last worked. */
  look(inner: TrainingSession): void {
    if (this.guard!.before()) this.tellChange(inner.steps, this.context.cellLabel())
  }

  tellChange(step: number, cell: string): void {
    this.changes.push({ step, cell })
    this.guard!.after()
    // what comes after is exact again from here
    if (this.inner) this.ring.put(step, this.engine.saveSession(this.inner))
  }

  /** Looks after a cell whether it changed weights by itself. */
  cellEnded(label: string): void {
    const { inner, guard } = this
    if (this.closed || !inner || !guard || this.busy) return
    if (guard.cellEnded()) this.tellChange(inner.steps, label)
  }

  /** Counts the tensors of the process, for the kernel's memory line. */
  note(): void {
    this.tensors = this.engine.tensorMemory()
  }

  memory() {
    return {
      tensors: this.tensors.numTensors,
      tensorBytes: this.tensors.numBytes,
      checkpointBytes: this.ring.bytes,
      checkpointLimit: this.ring.limit,
    }
  }
}

/** Lets timers and messages through. */
export const yieldNow = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
