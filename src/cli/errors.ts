import { CommanderError } from 'commander'
import { ExitCode, formatProblem, UserError } from '../spec'
import type { Terminal } from './terminal'

/** Tells an error to the user and gives the exit code. A fault of ours is told with where to report it. */
export function reportError(error: unknown, terminal: Terminal, json: boolean): number {
  if (error instanceof CommanderError) {
    // help and version are no errors; what is wrong otherwise, Commander has told already
    if (error.exitCode === 0) return ExitCode.ok
    const message = error.message.replace(/^error: /, '')
    if (json) terminal.print(JSON.stringify({ error: message, exitCode: ExitCode.userError, problems: [] }))
    return ExitCode.userError
  }
  const { message, exitCode, problems } = describe(error)
  const lines = problems.map(formatProblem)
  if (json) {
    terminal.print(JSON.stringify({ error: message, exitCode, problems }))
  }
  for (const line of lines.length > 0 ? lines : [message]) {
    const warning = line.includes(': warning: ')
    terminal.warn(warning ? terminal.colours.yellow(line) : terminal.colours.red(line))
  }
  return exitCode
}

function describe(error: unknown) {
  if (error instanceof UserError) return error
  const { code, path, message } = error as NodeJS.ErrnoException
  const words = code ? SYSTEM[code] : undefined
  if (words) return { message: `${path ?? 'a file'}: ${words}`, exitCode: EXIT[code!] ?? 2, problems: [] }
  const text = error instanceof Error ? message : String(error)
  return {
    message: `Thaw itself failed: ${text}; please report it with what \`thaw doctor --json\` prints`,
    exitCode: ExitCode.runFailed,
    problems: [],
  }
}

const SYSTEM: Record<string, string> = {
  ENOENT: 'there is no such file or folder; check the path',
  EACCES: 'no permission; choose another place or change its permissions',
  EPERM: 'no permission; choose another place or change its permissions',
  EROFS: 'the file system is read-only; choose another place',
  ENOSPC: 'the disk is full; free some space, `thaw gc` removes old checkpoints',
  EISDIR: 'this is a folder; give the path of a file',
  ENOTDIR: 'a part of this path is no folder; check the path',
  ENAMETOOLONG: 'the path is too long; choose a shorter one',
  ELOOP: 'a loop of links; give the real path',
}

const EXIT: Record<string, number> = {
  ENOSPC: ExitCode.machineLacks,
  EACCES: ExitCode.machineLacks,
  EPERM: ExitCode.machineLacks,
  EROFS: ExitCode.machineLacks,
}
