import { highestAttempt, openRunFolder, readStatus, readStoredSpec } from '../events'
import { UserError } from '../spec/types'
import { launch, type LaunchOptions } from './launch'
import { livenessOfRun } from './liveness'
import type { StartedRun } from './start'

export interface ResumeOptions extends LaunchOptions {
  /** Take over from a process on another machine, of which nobody here can tell whether it still runs. */
  force?: boolean
}

/**
 * Goes on with a run that was interrupted, stopped or failed, from its newest whole checkpoint.
 * @throws UserError when it runs, is finished, or when somebody else resumes it at this moment
 */
export async function resumeRun(path: string, options: ResumeOptions = {}): Promise<StartedRun> {
  const folder = openRunFolder(path)
  readStoredSpec(folder)
  const status = readStatus(folder.path)
  const after = highestAttempt(folder.path)
  const liveness = livenessOfRun(folder.path)
  const { id } = folder
  if (liveness === 'alive') {
    throw new UserError(
      `The run ${id} is running (process ${status?.pid ?? 'just started'}), so it cannot be resumed: look at it with \`thaw watch ${id}\`, or stop it with \`thaw stop ${id}\`.`,
    )
  }
  if (liveness === 'unknown' && !options.force) {
    throw new UserError(
      `The run ${id} was started on ${status?.host ?? 'another machine'}, where it may still run: nobody can tell from here. If you are sure that it does not, use \`thaw resume ${id} --force\`; a copy that still runs will stop.`,
    )
  }
  if (status?.state === 'finished') {
    throw new UserError(
      `The run ${id} is finished, there is nothing to resume: look at it with \`thaw show ${id}\`, or run its file again.`,
    )
  }
  await launch(folder, after, options).ready()
  return { id, folder: folder.path }
}
