import { mkdtempSync, realpathSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { anyStrategySchema, createRunFileSchema, type ResolvedSpec } from '../../../src/spec/schema'
import {
  createRunFolder,
  EventWriter,
  ownIdentity,
  takeAttempt,
  writeStatus,
  writeStoredSpec,
} from '../../../src/events'
import type { RunEventBody, RunFolder, RunStatus } from '../../../src/events'

export const spec = createRunFileSchema(anyStrategySchema).parse({
  strategy: { name: 'full' },
}) as ResolvedSpec

export function makeRoot(): string {
  return realpathSync(mkdtempSync(join(tmpdir(), 'thaw-runner-')))
}

/** A run folder as its starter leaves it, before any attempt. */
export function makeRun(root: string, id: string, created = Date.now()): RunFolder {
  const folder = createRunFolder(root, id)
  writeStoredSpec(folder, { v: 1, runId: id, name: `run ${id}`, base: root, created, spec })
  return folder
}

/** Nobody: a process that is gone. */
export const gone = { ...ownIdentity(), pid: 4_000_000, processStart: '1' }

/** An attempt that somebody, or nobody any more, has worked on. */
export function attemptOf(
  folder: RunFolder,
  owner = ownIdentity(),
  changes: Partial<RunStatus> = {},
): EventWriter {
  const { number } = takeAttempt(folder.path, undefined, owner)
  writeStatus(folder.path, {
    ...owner,
    attempt: number,
    heartbeat: Date.now(),
    state: 'running',
    step: 1,
    steps: 9,
    ...changes,
  })
  return new EventWriter(folder.events, { attempt: number })
}

export const ended = (state: 'finished' | 'stopped' | 'failed', message?: string): RunEventBody => ({
  kind: 'run-ended',
  state,
  step: 9,
  seconds: 1,
  moved: 0.5,
  distance: 0.1,
  ...(message === undefined ? {} : { message }),
})
