import { renameSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import {
  CheckpointStore,
  explainFailure,
  openRunFolder,
  type CheckpointInfo,
  type Retention,
} from '../events'
import { UserError } from '../spec/types'
import { livenessOfRun } from './liveness'

/**
 * Removes a run with all that it holds.
 * @throws UserError when it is running
 */
export function removeRun(path: string): void {
  const folder = openRunFolder(path)
  if (livenessOfRun(folder.path) === 'alive') {
    throw new UserError(`The run ${folder.id} is running; stop it first with \`thaw stop ${folder.id}\`.`)
  }
  // renamed first, so that no list shows a run of which half is gone
  const going = join(dirname(folder.path), `.removed-${basename(folder.path)}-${process.pid}`)
  try {
    renameSync(folder.path, going)
    rmSync(going, { recursive: true, force: true })
  } catch (error) {
    throw explainFailure(error, 'remove', folder.path)
  }
}

/** Removes the checkpoints of a run that is not running, as far as `retention` does not keep them. */
export function collectGarbage(path: string, retention: Retention): CheckpointInfo[] {
  const folder = openRunFolder(path)
  if (livenessOfRun(folder.path) !== 'dead') return []
  const store = new CheckpointStore(folder.path)
  try {
    store.recover()
    return store.retain(retention)
  } catch (error) {
    throw explainFailure(error, 'remove checkpoints of', folder.path)
  }
}
