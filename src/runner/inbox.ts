import type { ControlCommand, PendingCommand } from '../engine/train/types'

/** Commands that wait for the next boundary between two steps. */
export class Inbox {
  private commands: PendingCommand[] = []
  private waiting: (() => void)[] = []

  push(pending: PendingCommand): void {
    this.commands.push(pending)
    const { waiting } = this
    this.waiting = []
    for (const resolve of waiting) resolve()
  }

  /** Pushes a command and gives what it led to. */
  ask(command: ControlCommand, source: string): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.push({ command, source, done: resolve, fail: (message) => reject(new Error(message)) })
    })
  }

  /** What has come since the last call. */
  take(): PendingCommand[] {
    const { commands } = this
    this.commands = []
    return commands
  }

  /** Resolves as soon as there is a command. */
  wait(): Promise<void> {
    if (this.commands.length > 0) return Promise.resolve()
    return new Promise((resolve) => this.waiting.push(resolve))
  }

  /** Answers everybody who still waits when the run ends. */
  close(message: string): void {
    for (const { fail } of this.take()) fail?.(message)
  }
}
