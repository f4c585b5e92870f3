import type { ActionSpec } from '../../spec/schema'
import { yieldNow } from './yieldNow'
import type { TrainingSession } from './session'
import type { ControlCommand, PendingCommand, RunEnvironment } from './types'

/** An action of the run file as the command it is. */
export function commandOf({ do: what }: ActionSpec): ControlCommand {
  if (typeof what === 'string') return { do: what }
  if ('rate' in what) return { do: 'rate', factor: what.rate }
  if ('freeze' in what) return { do: 'freeze', layers: what.freeze }
  return { do: 'unfreeze', layers: what.unfreeze }
}

/** A run file's actions in the order in which they are done. */
export const inOrder = (actions: readonly ActionSpec[]): ActionSpec[] =>
  [...actions].sort((a, b) => a.at - b.at)

/**
 * The next of the run file's actions that is due before the next step, counted as done: a checkpoint made by the action
 * must not repeat it.
 * @param actions see `inOrder`
 */
export function takeDue(
  session: TrainingSession,
  actions: readonly ActionSpec[],
): ControlCommand | undefined {
  const next = actions[session.actionsDone]
  if (!next || next.at > session.steps) return undefined
  session.actionsDone++
  return commandOf(next)
}

/** Obeys commands between steps: what has come from outside, and the run file's actions when their step is reached. */
export class Commands {
  paused = false
  stopped = false
  /** Steps that may still be taken before the run pauses again; undefined without a limit. */
  private allowed: number | undefined
  private readonly actions: ActionSpec[]
  private readonly waiting: PendingCommand[] = []

  constructor(
    private readonly session: TrainingSession,
    private readonly env: RunEnvironment,
  ) {
    this.actions = inOrder(session.spec.train.actions)
  }

  /** Takes in what has come, so that a long computation can look whether to stop. */
  poll(): boolean {
    this.waiting.push(...(this.env.take?.() ?? []))
    return this.stopped || this.waiting.some(({ command }) => command.do === 'stop')
  }

  /** Does all that is due before the next step; returns when a step may be taken or the run is to stop. */
  async settle(): Promise<void> {
    await this.actionsDue()
    for (;;) {
      this.poll()
      for (let next = this.waiting.shift(); next; next = this.waiting.shift()) await this.obey(next)
      if (this.stopped || !this.paused || this.allowed) return
      if (!this.env.wait) return this.goOn()
      await this.env.wait()
    }
  }

  /** To be called after each step. */
  stepped(): void {
    if (this.allowed === undefined) return
    this.allowed--
    if (this.allowed <= 0) {
      this.allowed = undefined
      this.pause()
    }
  }

  private async actionsDue(): Promise<void> {
    for (
      let command = takeDue(this.session, this.actions);
      command;
      command = takeDue(this.session, this.actions)
    )
      await this.obey({ command, source: 'run file' })
  }

  private async obey({ command, source, done, fail }: PendingCommand): Promise<void> {
    try {
      const result = await this.session.apply(command, source)
      if (command.do === 'pause') this.pause()
      if (command.do === 'resume') this.resume()
      if (command.do === 'stop') this.stopped = true
      if (command.do === 'step') this.allow(command.count)
      done?.(result)
    } catch (error) {
      // a command that cannot be done is its sender's matter, never the end of a run
      const message = error instanceof Error ? error.message : String(error)
      if (fail) fail(message)
      else
        this.session.emit({ kind: 'log', level: 'error', message: `${command.do} was not done: ${message}` })
    }
    await yieldNow()
  }

  private goOn(): void {
    this.session.emit({
      kind: 'log',
      level: 'warning',
      message: 'nobody can resume this run, so it goes on at once',
    })
    this.resume()
  }

  private pause(): void {
    if (!this.paused) this.session.emit({ kind: 'state', state: 'paused' })
    this.paused = true
    this.allowed = undefined
  }

  private resume(): void {
    if (this.paused) this.session.emit({ kind: 'state', state: 'running' })
    this.paused = false
    this.allowed = undefined
  }

  private allow(count: number): void {
    this.paused = true
    this.allowed = Math.max(1, Math.trunc(count))
  }
}
