import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  explainFailure,
  handOverAttempt,
  identityOf,
  ownIdentity,
  readStatus,
  takeAttempt,
  writeStatus,
  type RunFolder,
} from '../events'
import { ExitCode, UserError } from '../spec/types'
import { bundleFile } from './bundles'
import { findNode } from './nodeBinary'

export interface LaunchOptions {
  /** The built trainer; tests put another one in its place. */
  trainer?: string
}

/** How long a trainer may take until its first sign of life. */
const START_MS = 60_000

function start(folder: RunFolder, number: number, trainer: string): ChildProcess {
  const node = findNode()
  const log = openSync(folder.log, 'a', 0o600)
  try {
    return spawn(node.path, [trainer, folder.path, String(number)], {
      // a session and process group of its own: it survives the terminal, the editor and a window reload
      detached: true,
      stdio: ['ignore', log, log],
      env: { ...process.env, ...node.env, THAW_NODE_ORIGIN: node.origin },
      windowsHide: true,
    })
  } finally {
    closeSync(log)
  }
}

/** What a trainer that died said: its error, else its last words. */
function lastWords(file: string): string {
  try {
    const lines = readFileSync(file, 'utf8').trim().split('\n')
    return (lines.findLast((line) => /^\w*Error\b.*: /.test(line)) ?? lines.slice(-3).join(' ')).slice(-500)
  } catch {
    return ''
  }
}

/** A trainer that was started; `ready` resolves at its first sign of life. */
export interface Launched {
  attempt: number
  ready(): Promise<void>
}

/**
 * Takes the attempt after `after` and starts its trainer as a process of its own. Of several callers with the same
 * `after` exactly one gets through.
 */
export function launch(folder: RunFolder, after: number, options: LaunchOptions = {}): Launched {
  const trainer = options.trainer ?? bundleFile('trainer.js')
  const { number } = takeAttempt(folder.path, after)
  let child: ChildProcess
  try {
    child = start(folder, number, trainer)
  } catch (error) {
    throw explainFailure(error, 'start the trainer of', folder.path)
  }
  let failed: Error | undefined
  child.once('error', (error) => (failed = error))
  if (child.pid !== undefined) handOverAttempt(folder.path, number, identityOf(child.pid))
  child.unref()
  const gone = () => failed !== undefined || child.exitCode !== null || child.signalCode !== null
  return { attempt: number, ready: () => signOfLife(folder, number, gone, () => failed?.message) }
}

async function signOfLife(
  folder: RunFolder,
  number: number,
  gone: () => boolean,
  why: () => string | undefined,
) {
  for (const until = Date.now() + START_MS; Date.now() < until; await sleep(20)) {
    const over = gone()
    const status = readStatus(folder.path)
    if (status && status.attempt >= number) return
    if (over) break
  }
  const reason = why() ?? (lastWords(folder.log) || `it gave no sign of life in ${START_MS / 1000} s`)
  const nobody = { ...ownIdentity(), pid: 0, processStart: '' }
  writeStatus(folder.path, {
    ...nobody,
    attempt: number,
    heartbeat: Date.now(),
    state: 'failed',
    step: 0,
    steps: 0,
  })
  throw new UserError(`The trainer of run ${folder.id} did not start: ${reason}`, ExitCode.machineLacks)
}
