import { hostname } from 'node:os'
import { basename, dirname, join } from 'node:path'
import type { RunEnvironment, RunOutcome } from '../engine/train/types'
import {
  CheckpointStore,
  handOverAttempt,
  openAttempt,
  openRunFolder,
  ownIdentity,
  readStoredSpec,
  SupersededError,
  type RunFolder,
} from '../events'
import { provideOwn } from '../own/provide'
import type { ResolvedSpec } from '../spec/schema'
import { ExitCode, UserError } from '../spec/types'
import { ControlServer } from './controlServer'
import { Inbox } from './inbox'
import { Pulse } from './pulse'
import { FolderSink } from './sink'

/** `trainRun`. */
export type Engine = (spec: ResolvedSpec, env: RunEnvironment) => Promise<RunOutcome>

/** Where what can be computed again is kept: beside the runs, shared by them. */
export function cacheFolder(runFolder: string): string {
  const root = dirname(runFolder)
  return basename(root) === 'runs' ? join(dirname(root), 'cache') : join(root, '.cache')
}

function sentence(error: unknown): string {
  if (error instanceof UserError) return error.message
  const message = error instanceof Error ? error.message : String(error)
  return `The run failed: ${message.replace(/\.?\s*$/, '.')} trainer.log in the run folder says where.`
}

function environment(
  folder: RunFolder,
  base: string,
  sink: FolderSink,
  inbox: Inbox,
  store: CheckpointStore,
): RunEnvironment {
  const step = store.latest()
  const { pid, execPath, version } = process
  return {
    runId: folder.id,
    base,
    cache: cacheFolder(folder.path),
    sink,
    take: () => inbox.take(),
    wait: () => inbox.wait(),
    resume: step === undefined ? undefined : { step, files: store.load(step) },
    process: { pid, node: version, execPath, host: hostname() },
  }
}

/**
 * Works on an attempt that was taken for this process: trains, tells the run folder, listens to control. SIGTERM
 * and SIGINT stop it cleanly, a second one at once.
 *
 * @returns the exit code
 */
export async function runAttempt(path: string, number: number, engine: Engine): Promise<number> {
  const folder = openRunFolder(path)
  const attempt = openAttempt(folder.path, number)
  attempt.assertCurrent()
  handOverAttempt(folder.path, number, ownIdentity())
  const pulse = new Pulse(folder.path, number)
  pulse.start()
  const inbox = new Inbox()
  let signalled = false
  const onSignal = () => {
    if (signalled) process.exit(ExitCode.interrupted)
    signalled = true
    inbox.push({ command: { do: 'stop' }, source: 'signal' })
  }
  process
    .on('SIGTERM', onSignal)
    .on('SIGINT', onSignal)
    .on('SIGHUP', () => {})
  let sink: FolderSink | undefined
  let server: ControlServer | undefined
  try {
    const { spec, base } = readStoredSpec<ResolvedSpec>(folder)
    const store = new CheckpointStore(folder.path)
    store.recover()
    const { limitMB } = spec.train.checkpoints
    sink = new FolderSink(folder, attempt, store, pulse, limitMB === undefined ? undefined : limitMB * 1e6)
    server = await ControlServer.open(folder, number, inbox)
    provideOwn(spec, { base, run: folder.path })
    const outcome = await engine(spec, environment(folder, base, sink, inbox, store))
    if (!sink.ended) {
      const { state, step, metrics, seconds, moved, distance, message, exitCode } = outcome
      sink.emit({ kind: 'run-ended', state, step, metrics, seconds, moved, distance, message, exitCode })
    }
    if (outcome.state === 'failed') return outcome.exitCode ?? ExitCode.runFailed
    return outcome.state === 'stopped' && signalled ? ExitCode.interrupted : ExitCode.ok
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
    if (error instanceof SupersededError) return error.exitCode
    tellFailure(
      sink,
      pulse,
      sentence(error),
      error instanceof UserError ? error.exitCode : ExitCode.runFailed,
    )
    return error instanceof UserError ? error.exitCode : ExitCode.runFailed
  } finally {
    inbox.close(`The run ${folder.id} has ended.`)
    await server?.close()
    sink?.close()
    await pulse.stop()
  }
}

/** The log may be what cannot be written (a full disk): the status still says that the run failed. */
function tellFailure(sink: FolderSink | undefined, pulse: Pulse, message: string, exitCode: number): void {
  const ended = {
    kind: 'run-ended',
    state: 'failed',
    step: 0,
    seconds: 0,
    moved: 0,
    distance: 0,
    message,
    exitCode,
  } as const
  if (sink?.ended) return
  try {
    sink?.emit({ ...ended, step: pulse.step })
  } catch (error) {
    process.stderr.write(`${String(error)}\n`)
  }
  pulse.note(ended)
}
