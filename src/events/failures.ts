import { ExitCode, UserError } from '../spec/types'

const sentences: Record<string, [what: string, todo: string, exitCode: number]> = {
  ENOSPC: [
    'the disk is full',
    'Free some space (`thaw gc` removes old checkpoints), then `thaw resume`.',
    ExitCode.machineLacks,
  ],
  EDQUOT: [
    'your disk quota is used up',
    'Free some space (`thaw gc` removes old checkpoints), then `thaw resume`.',
    ExitCode.machineLacks,
  ],
  EACCES: [
    'there is no permission to write there',
    'Give write permission, or choose another folder with `--out DIR`.',
    ExitCode.machineLacks,
  ],
  EPERM: [
    'there is no permission to write there',
    'Give write permission, or choose another folder with `--out DIR`.',
    ExitCode.machineLacks,
  ],
  EROFS: ['the file system is read-only', 'Choose another folder with `--out DIR`.', ExitCode.machineLacks],
  EMFILE: [
    'too many files are open',
    'Close other programs or raise the limit (`ulimit -n`).',
    ExitCode.machineLacks,
  ],
  ENOTDIR: [
    'a part of that path is a file, not a folder',
    'Choose another folder with `--out DIR`.',
    ExitCode.userError,
  ],
  ENAMETOOLONG: [
    'the path is too long',
    'Choose a folder with a shorter path with `--out DIR`.',
    ExitCode.userError,
  ],
  ENOENT: ['it is gone', 'Was the folder moved or removed?', ExitCode.userError],
}

export function errorCode(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : undefined
}

/**
 * An error of the file system as one sentence for a user: what could not be done, where, why, what to do.
 * UserErrors pass unchanged; errors that are not the file system's come back as they are.
 */
export function explainFailure(error: unknown, doing: string, path: string): unknown {
  if (error instanceof UserError) return error
  const sentence = sentences[errorCode(error) ?? '']
  if (!sentence) return error
  const [what, todo, exitCode] = sentence
  return new UserError(`Could not ${doing} ${path}: ${what}. ${todo}`, exitCode)
}
