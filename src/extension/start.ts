import { dirname } from 'node:path'
import * as vscode from 'vscode'
import { readStatus, runsFolder } from '../events'
import { forkRun } from '../runner/fork'
import type { RunSummary } from '../runner/list'
import { RunQueue } from '../runner/queue'
import { resumeRun } from '../runner/resume'
import { applySettings, parseRunFile, runNameOf, writesField, type ResolvedSpec } from '../spec'
import { readyNode } from './node'
import { log } from './output'
import { baseOf, parseOptions } from './runFile'
import { parallelRuns, settingsFor } from './settings'

export interface StartedHere {
  id: string
  folder: string
  /** Trainer's process; undefined for a run that waits for its turn. */
  pid?: number
}

/** Settings of the editor for fields that the run file does not write, as `FIELD=VALUE`. */
export function settingsOf(document: vscode.TextDocument): string[] {
  const text = document.getText()
  return settingsFor(document.uri, (field) => writesField(text, field))
}

/** The run file as it will run here: with the editor's settings for what it does not write, and a name. */
function specHere(document: vscode.TextDocument): ResolvedSpec {
  const text = applySettings(document.getText(), settingsOf(document))
  const { spec } = parseRunFile(text, parseOptions(document))
  if (!spec) throw new Error('The settings of Thaw and this run file do not go together; see `thaw.backend`.')
  return { ...spec, name: spec.name ?? runNameOf(document.uri.fsPath) }
}

/**
 * Starts a checked run file, or puts it in the line where as many runs as `thaw.parallelRuns` are under way.
 * @throws UserError when there is no Node, or the trainer does not start
 */
export async function startHere(document: vscode.TextDocument): Promise<StartedHere> {
  await readyNode()
  const base = baseOf(document)
  const queue = new RunQueue(runsFolder(base))
  const limit = parallelRuns(document.uri)
  if (queue.limit !== limit) await queue.setLimit(limit)
  const { id, folder, failed } = await queue.add({ spec: specHere(document), base })
  if (failed) throw failed
  return { id, folder, pid: readStatus(folder)?.pid }
}

/** Goes on with a run from its newest checkpoint. @throws UserError when it cannot */
export async function resumeHere(folder: string): Promise<StartedHere> {
  await readyNode()
  const run = await resumeRun(folder)
  return { ...run, pid: readStatus(folder)?.pid }
}

/** A new run from a checkpoint of another. @throws UserError when it cannot */
export async function forkHere(folder: string, step: number): Promise<StartedHere> {
  await readyNode()
  const run = await forkRun(folder, { step })
  return { ...run, pid: readStatus(run.folder)?.pid }
}

/** Starts runs that wait although there is room, as after the end of a trainer that could not start the next. */
export async function startWaiting(runs: readonly RunSummary[]): Promise<void> {
  if (!vscode.workspace.isTrusted) return
  const roots = new Set(runs.filter(({ state }) => state === 'queued').map(({ folder }) => dirname(folder)))
  for (const root of roots) {
    await readyNode()
    for (const id of await new RunQueue(root).pump()) log(`run ${id} had waited and is started`)
  }
}
