import { CheckpointStore, openRunFolder, readStoredSpec } from '../events'
import type { ResolvedSpec } from '../spec/schema'
import { storedSources } from '../own/store'
import { UserError } from '../spec/types'
import { dirname } from 'node:path'
import { launch, type LaunchOptions } from './launch'
import { prepareRun, type StartedRun } from './start'

export interface ForkOptions extends LaunchOptions {
  /** Step of the checkpoint to go on from; the newest when left out. */
  step?: number
  /** The resolved run file of the fork; the same as the run's when left out. */
  spec?: ResolvedSpec
  root?: string
  id?: string
}

/**
 * Starts a new run from a checkpoint of another, which stays as it is and may be running.
 * @throws UserError when there is no such checkpoint
 */
export async function forkRun(path: string, options: ForkOptions = {}): Promise<StartedRun> {
  const folder = openRunFolder(path)
  const stored = readStoredSpec<ResolvedSpec>(folder)
  const store = new CheckpointStore(folder.path)
  const step = options.step ?? store.latest()
  if (step === undefined) throw new UserError(`The run ${folder.id} has no checkpoint yet to fork from.`)
  const files = store.load(step)
  const { spec = stored.spec, root = dirname(folder.path), id } = options
  const same = spec.strategy.name === stored.spec.strategy.name
  const own = same ? storedSources(folder.path) : undefined
  const fork = prepareRun({ spec, base: stored.base, root, id, own }, { run: folder.id, step })
  new CheckpointStore(fork.path).save(step, files, `fork of ${folder.id}`)
  await launch(fork, 0, options).ready()
  return { id: fork.id, folder: fork.path }
}
