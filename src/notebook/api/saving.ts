import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { TrainingSession } from '../../engine/train'
import { UserError } from '../../spec'
import type { LiveActions } from './acting'
import type { SessionCore } from './core'
import type { CheckpointFiles } from './ring'
import { runFileText } from './runFile'

/** Makes the run folder where there is none yet. @throws SupersededError when somebody resumed the run elsewhere */
export async function openFolder(
  core: SessionCore,
  live: LiveActions,
  inner: TrainingSession,
): Promise<void> {
  const { sink } = core
  if (sink.hasFolder) {
    sink.assertCurrent()
    return
  }
  // a run that goes on from another's state keeps that state, so that it can be resumed and replayed
  const first = core.options.beginning && { step: inner.steps, files: core.engine.saveSession(inner) }
  await sink.open(first)
  void live.listen()
}

/**
 * The run file that gives the weights of now; `file` is written beside the notebook, with the checkpoint that it begins
 * from when there is one. @throws UserError when a cell changed weights by itself
 */
export function saveRunFile(core: SessionCore, inner: TrainingSession, file?: string): string {
  core.look(inner)
  const { context, options, base, from } = core
  const [change] = core.changes
  if (change)
    throw new UserError(
      `${change.cell} changed weights outside of the session's actions (after step ${change.step}), which no run file can repeat. Leave that out and run the cells again, or export the weights with a checkpoint: \`await session.checkpoint()\`.`,
    )
  const name =
    options.name ??
    options.read.spec.name ??
    `${context.name.replace(/\.thawnb$/, '') || 'notebook'} ${core.variable ?? ''}`.trim()
  const path = file === undefined ? undefined : resolve(base, withEnding(file))
  const start = from && `${path ? path.replace(/\.thaw\.json$/, '') : join(core.sink.folder, 'start')}.start`
  if (from && start) writeFiles(start, from.files)
  const text = runFileText({
    written: core.written,
    name,
    backend: inner.setup.backend.name,
    steps: inner.steps,
    planned: inner.setup.steps,
    controls: core.record.actions().filter(({ at }) => at >= (from?.step ?? 0)),
    ...(start && { from: path ? start.slice(base.length + 1) : start }),
  })
  if (path) {
    if (existsSync(path)) context.note(`${file} was replaced`)
    writeFileSync(path, text)
  }
  return text
}

/** Ends the run with its last checkpoint. */
export async function endRun(core: SessionCore, inner: TrainingSession): Promise<void> {
  try {
    if (!core.finished) await inner.checkpoint('the notebook closed it')
    const { moved, distance } = inner.movement()
    const last = inner.lastMetrics
    inner.emit({
      kind: 'run-ended',
      state: core.finished ? 'finished' : 'stopped',
      step: inner.steps,
      ...(last && { metrics: last.metrics, split: last.split }),
      seconds: core.record.view().ms.compute / 1000,
      moved,
      distance,
    })
  } catch {
    // its folder is gone or full: what it held in memory goes either way
  }
}

const withEnding = (file: string): string =>
  file.endsWith('.thaw.json') ? file : `${file.replace(/\.json$/, '')}.thaw.json`

function writeFiles(folder: string, files: CheckpointFiles): void {
  mkdirSync(folder, { recursive: true })
  for (const [name, bytes] of files) writeFileSync(join(folder, name), bytes)
}
