import { ExitCode, UserError } from '../spec/types'

/** The machine lacks something; ends the process with exit code 3. */
export const lacking = (message: string): UserError => new UserError(message, ExitCode.machineLacks)

/** How to go on without a network; the end of several sentences. */
export const offline = (wheel: string): string =>
  `without a network, bring ${wheel} from another machine and run \`thaw native install --wheel FILE\``

/** A full disk said in words; any other error as it is. */
export function explain(error: unknown, folder: string): unknown {
  const code = (error as NodeJS.ErrnoException | undefined)?.code
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return lacking(
      `the disk with ${folder} became full; free some space, or set THAW_NATIVE_DIR to a folder on another disk`,
    )
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS')
    return lacking(
      `${folder} cannot be written (${code}); set THAW_NATIVE_DIR to a folder of yours, or change its permissions`,
    )
  return error
}
