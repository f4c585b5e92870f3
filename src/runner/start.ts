import { rmSync } from 'node:fs'
import { createRunFolder, createRunId, writeStoredSpec, type RunFolder, type StoredSpec } from '../events'
import type { ResolvedSpec } from '../spec/schema'
import { sourcesOf, storeSources } from '../own/store'
import type { Sources } from '../own/sources'
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
  /** Files of a strategy of the user's own; read beside the run file when left out. */
  own?: Sources
}

export interface StartedRun {
  id: string
  folder: string
}

/** `./mine.ts` is called mine. */
const plainName = (strategy: string): string => strategy.replace(/^.*\/|\.[cm]?[jt]s$/g, '')

/** Makes the folder of a run that waits to be launched. */
export function prepareRun(
  { spec, base, root, id, own = sourcesOf(spec.strategy.name, base) }: StartOptions,
  forkedFrom?: StoredSpec['forkedFrom'],
): RunFolder {
  const folder = createRunFolder(root, id ?? createRunId(spec.name ?? plainName(spec.strategy.name)))
  const name = spec.name ?? plainName(spec.strategy.name)
  const made = forkedFrom && { forkedFrom }
  try {
    writeStoredSpec(folder, { v: 1, runId: folder.id, name, base, created: Date.now(), ...made, spec })
    if (own) storeSources(folder.path, own)
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
