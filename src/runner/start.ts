import { rmSync } from 'node:fs'
import { createRunFolder, createRunId, writeStoredSpec, type RunFolder, type StoredSpec } from '../events'
import type { ResolvedSpec } from '../spec/schema'
import { launch, type LaunchOptions } from './launch'

export interface StartOptions extends LaunchOptions {
  /** The resolved run file. */
  spec: ResolvedSpec
  /** Folder that relative paths of the run file start from. */
  base: string
  /** Folder in which the run's folder is made: `runsFolder(base)`, or what `--out` names. */
  root: string
  /** A readable one is made when left out. */
  id?: string
}

export interface StartedRun {
  id: string
  folder: string
}

/** Makes the folder of a run that waits to be launched. */
export function prepareRun(
  { spec, base, root, id }: StartOptions,
  forkedFrom?: StoredSpec['forkedFrom'],
): RunFolder {
  const folder = createRunFolder(root, id ?? createRunId(spec.name ?? spec.strategy.name))
  const name = spec.name ?? spec.strategy.name
  const made = forkedFrom && { forkedFrom }
  try {
    writeStoredSpec(folder, { v: 1, runId: folder.id, name, base, created: Date.now(), ...made, spec })
  } catch (error) {
    rmSync(folder.path, { recursive: true, force: true })
    throw error
  }
  return folder
}

/**
 * Starts a run as a process of its own that goes on when this one ends.
 * @throws UserError when its folder cannot be made or the trainer does not start
 */
export async function startRun(options: StartOptions): Promise<StartedRun> {
  const folder = prepareRun(options)
  await launch(folder, 0, options).ready()
  return { id: folder.id, folder: folder.path }
}
