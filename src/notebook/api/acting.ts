import type { PendingCommand, TrainingSession } from '../../engine/train'
import { UserError, type ActionSpec } from '../../spec'
import type { SessionCore } from './core'

type Live = { kind: 'freeze' | 'unfreeze'; layers: string[] } | { kind: 'rate'; factor: number }

/** What is done to a session between two steps: the run file's actions, the cells' own, and what comes from outside. */
export class LiveActions {
  /** Somebody asked it to stand still. */
  pauseAsked = false
  private waiting: Live[] = []
  private planned: ActionSpec[] = []
  private askedRate?: number

  constructor(private readonly core: SessionCore) {}

  /** @param actions the run file's, in order */
  plan(actions: ActionSpec[]): void {
    this.planned = actions
  }

  freeze(layers: string[]): void {
    this.live({ kind: 'freeze', layers: patterns('freeze', layers) })
  }

  unfreeze(layers: string[]): void {
    this.live({ kind: 'unfreeze', layers: patterns('unfreeze', layers) })
  }

  /** Learning rate of the backbone before the schedule. */
  get rate(): number {
    return this.askedRate ?? this.core.spec.train.optimizer.rate * (this.core.inner?.rateFactor ?? 1)
  }

  set rate(rate: number) {
    if (!(rate >= 0) || !Number.isFinite(rate))
      throw new UserError(`rate = ${rate}: give a learning rate, a number from 0 up`)
    this.live({ kind: 'rate', factor: rate / this.core.spec.train.optimizer.rate })
    this.askedRate = rate
  }

  /** At once where the session stands still, so that an error belongs to its line; else at the next step border. */
  private live(what: Live): void {
    this.core.assertOpen()
    const { inner } = this.core
    const due = inner && this.planned[inner.actionsDone]
    const free = inner && !this.core.busy && !(due && due.at <= inner.steps)
    if (free) apply(inner, what)
    else this.waiting.push(what)
  }

  /** All that is due between two steps: the run file's actions, then what was asked live. */
  async border(inner: TrainingSession): Promise<void> {
    await this.doDue(inner)
    for (let next = this.waiting.shift(); next; next = this.waiting.shift()) apply(inner, next)
    await this.obeyAll(inner)
  }

  /** The run file's actions of this step. */
  async doDue(inner: TrainingSession): Promise<void> {
    const next = () => this.core.engine.takeDue(inner, this.planned)
    for (let command = next(); command; command = next()) {
      if (command.do === 'pause' || command.do === 'stop') this.pauseAsked = true
      else await inner.apply(command, 'run file')
    }
  }

  /** Obeys the panel and the command line also while no cell runs, until the session is closed. */
  async listen(): Promise<void> {
    const { core } = this
    while (!core.closed) {
      await core.sink.inbox.wait()
      if (core.closed) return
      await core.work((inner) => this.obeyAll(inner)).catch(() => undefined)
    }
  }

  private async obeyAll(inner: TrainingSession): Promise<void> {
    for (const pending of this.core.sink.inbox.take()) await this.obey(inner, pending)
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
}

function apply(inner: TrainingSession, what: Live): void {
  const command =
    what.kind === 'rate'
      ? ({ do: 'rate', factor: what.factor } as const)
      : { do: what.kind, layers: what.layers }
  inner.applyNow(command, 'notebook')
}

function patterns(method: string, layers: string[]): string[] {
  const flat = (layers as unknown[]).flat() as string[]
  if (flat.length === 0 || !flat.every((one) => typeof one === 'string'))
    throw new UserError(`${method}(): name layers, stages or parameters, for example ${method}('stage1')`)
  return flat
}
