import { emptyView, foldEvents, livenessOf, readStatus, type RunView } from '../events'
import { ExitCode } from '../spec/types'
import { sendControl } from './controlClient'
import { RunWatcher } from './watcher'

export interface FollowedRun {
  view: RunView
  /** `interrupted`: its process is gone without a word. */
  how: 'ended' | 'interrupted'
}

/** Follows a run until it is over. `onView` is called with each new state. */
export function followRun(
  folder: string,
  onView: (view: RunView) => void,
): { over: Promise<FollowedRun>; leave(): void } {
  let view = emptyView()
  let leave = () => {}
  const over = new Promise<FollowedRun>((resolve) => {
    const watcher = new RunWatcher(folder, {
      pollMs: 500,
      onEvents({ events }) {
        view = foldEvents(view, events)
        onView(view)
      },
      onOver(how) {
        watcher.dispose()
        resolve({ view, how })
      },
    })
    leave = () => watcher.dispose()
    watcher.start()
  })
  return { over, leave: () => leave() }
}

/** Stops a run cleanly: it takes no further step and keeps what it has. */
export async function stopRun(folder: string): Promise<void> {
  try {
    await sendControl(folder, { do: 'stop' }, 'cli')
  } catch {
    // it has no ear yet, or no more
    signalRun(folder, 'SIGTERM')
  }
}

/** Sends a signal to the process of a run, if it is there. */
export function signalRun(folder: string, signal: 'SIGTERM' | 'SIGKILL'): void {
  const status = readStatus(folder)
  try {
    // never by its number alone: another process may have it by now
    if (status && livenessOf(status) === 'alive') process.kill(status.pid, signal)
  } catch {
    // it has just ended
  }
}

/** The documented exit code for how a run came to its end. */
export function exitCodeOf({ view, how }: FollowedRun): number {
  if (how === 'interrupted' || !view.ended) return ExitCode.runFailed
  if (view.ended.state === 'finished') return ExitCode.ok
  if (view.ended.state === 'failed') return view.ended.exitCode ?? ExitCode.runFailed
  return view.controls.at(-1)?.source === 'run file' ? ExitCode.ok : ExitCode.interrupted
}

/**
 * Calls `first` at the first Ctrl-C (or SIGTERM) and `second` at each further one.
 * @returns a function that takes the handlers off again
 */
export function onInterrupt(first: () => void, second: () => void): () => void {
  let times = 0
  const handler = () => (times++ === 0 ? first() : second())
  process.on('SIGINT', handler).on('SIGTERM', handler)
  return () => void process.off('SIGINT', handler).off('SIGTERM', handler)
}
