import { basename } from 'node:path'
import { ExitCode, UserError } from '../spec'
import { printJson, type Cli } from './command'
import { createDisplay } from './displays'
import { runWord } from './render/shell'
import { exitCodeOf, followRun, onInterrupt, signalRun, stopRun, type FollowedRun } from '../runner/follow'

export interface AttendOptions {
  folder: string
  label: string
  json?: boolean
  /** Ctrl-C stops the run; otherwise it only stops looking. */
  owned: boolean
  /** Ctrl-C was pressed before there was anything to look at. */
  interrupted?: boolean
}

/**
 * Starts a run that this terminal owns. A Ctrl-C meanwhile must not leave its process behind: it is kept for
 * `attendRun`, which then stops the run at once.
 */
export async function startOwned<T>(start: () => Promise<T>): Promise<T & { interrupted: boolean }> {
  let interrupted = false
  const note = () => (interrupted = true)
  const release = onInterrupt(note, note)
  try {
    const started = await start()
    return { ...started, interrupted }
  } finally {
    release()
  }
}

/** What is said of a run that goes on without this terminal: the line of `--json`, or the sentence for its word. */
export function tellDetached(
  terminal: Cli['terminal'],
  { id, folder }: { id: string; folder: string },
  json: boolean | undefined,
  sentence: (word: string) => string,
): void {
  if (json) return printJson(terminal, { run: id, folder, state: 'running', metrics: null })
  terminal.print(sentence(runWord(folder, terminal.cwd)))
}

/** Shows a run until it is over, and sets the exit code. Undefined when a person has stopped looking. */
export async function attendRun(cli: Cli, options: AttendOptions): Promise<FollowedRun | undefined> {
  const { folder, label, json, owned, interrupted } = options
  const display = createDisplay(cli.terminal, json)
  const { over, leave } = followRun(folder, (view) => display.update(folder, label, view))
  let left = () => {}
  const leaving = new Promise<undefined>((resolve) => (left = () => resolve(undefined)))
  const stop = () => {
    if (!owned) return left()
    display.note('stopping; Ctrl-C again kills it')
    void stopRun(folder)
  }
  const kill = () => {
    if (owned) signalRun(folder, 'SIGKILL')
    left()
  }
  const release = onInterrupt(interrupted ? kill : stop, kill)
  if (interrupted) stop()
  const followed = await Promise.race([over, leaving])
  release()
  leave()
  display.close()
  cli.exitCode = followed ? exitCodeOf(followed) : ExitCode.interrupted
  return followed
}

/** What is said when a run is over; the last line of `--json`. @throws UserError when it failed */
export function tellEnd(cli: Cli, folder: string, followed: FollowedRun | undefined, json?: boolean): void {
  const run = basename(folder)
  const { terminal } = cli
  const word = runWord(folder, terminal.cwd)
  const ended = followed?.view.ended
  const state = ended?.state ?? (followed ? 'interrupted' : 'running')
  const message =
    ended?.message ??
    (state === 'interrupted' ? `its process is gone; \`thaw resume ${word}\` goes on` : undefined)
  if (json) {
    const { metrics = null, split, seconds, moved, distance, step } = ended ?? {}
    printJson(terminal, {
      run,
      folder,
      state,
      metrics,
      split,
      step,
      seconds,
      moved,
      distance,
      ...(message && { message }),
    })
  }
  if (state === 'failed' || state === 'interrupted') {
    terminal.warn(terminal.colours.red(message ?? `the run failed; ${folder}/trainer.log tells more`))
  }
  if (json) return
  if (state === 'finished') terminal.print(`next: thaw show ${word}, thaw export ${word}`)
  else if (state === 'stopped') terminal.print(`stopped; \`thaw resume ${word}\` goes on from where it was`)
  else if (state === 'running')
    terminal.print(`the run goes on; \`thaw watch ${word}\` looks again, \`thaw stop ${word}\` stops it`)
}

/** Refuses a number option that is no step: a whole number of at least 0. */
export function stepNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new UserError(`${text} is not a step; write a whole number of at least 0`)
  return Number(text)
}

/** Refuses a number option that is no whole number of at least 1. */
export function wholeNumber(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1)
    throw new UserError(`${text} is not a whole number of at least 1`)
  return value
}
