import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { catalog } from '../engine/strategies/catalog'
import { ownOptions } from '../own/options'
import {
  applySettings,
  MAX_RUN_FILE_BYTES,
  parseRunFile,
  readSetting,
  runNameOf,
  UserError,
  type Problem,
  type ResolvedSpec,
} from '../spec'

export interface RunFile {
  /** As the user gave it. */
  file: string
  /** Folder that relative paths in it start from. */
  base: string
  text: string
  /** There exactly when no problem is an error. */
  spec?: ResolvedSpec
  problems: Problem[]
}

/** Reads and checks a run file. @throws UserError when it cannot be read at all */
export function readRunFile(file: string, cwd: string, settings: readonly string[] = []): RunFile {
  const path = resolve(cwd, file)
  const text = applySettings(readText(path, file), settings)
  const { spec, problems } = parseRunFile(text, {
    file,
    strategies: catalog,
    own: ownOptions(dirname(path)),
  })
  return {
    file,
    base: dirname(path),
    text,
    spec,
    problems: problems.map((problem) => blameSetting(problem, settings)),
  }
}

/** As `readRunFile`. @throws UserError with all problems when one of them is an error */
export function requireSpec(file: string, cwd: string, settings: readonly string[] = []) {
  const read = readRunFile(file, cwd, settings)
  if (!read.spec) throw problemsError(read.problems)
  const name = read.spec.name ?? runNameOf(file)
  return { ...read, spec: { ...read.spec, name } }
}

export function problemsError(problems: readonly Problem[]): UserError {
  const errors = problems.filter((problem) => problem.severity === 'error').length
  return new UserError(
    `${errors} ${errors === 1 ? 'problem' : 'problems'} in the run file`,
    undefined,
    problems,
  )
}

function readText(path: string, shown: string): string {
  let size: number
  try {
    const stat = statSync(path)
    if (stat.isDirectory()) {
      throw new UserError(
        `${shown}: this is a folder; give the path of a run file, or run \`thaw init ${shown}\` to write one`,
      )
    }
    size = stat.size
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    throw new UserError(`${shown}: there is no such file; \`thaw init\` writes a run file`)
  }
  if (size > MAX_RUN_FILE_BYTES) {
    throw new UserError(
      `${shown}:1:1: the file has ${Math.round(size / 1e6)} MB, a run file at most 1 MB; give the path of a run file`,
    )
  }
  // bounded read: the file may grow, or be a device
  const bytes = Buffer.alloc(MAX_RUN_FILE_BYTES + 1)
  const descriptor = openSync(path, 'r')
  try {
    return bytes.toString('utf8', 0, readSync(descriptor, bytes))
  } finally {
    closeSync(descriptor)
  }
}

/** A problem of a field that `--set` has written lies on the command line, not in the file. */
function blameSetting(problem: Problem, settings: readonly string[]): Problem {
  const setting = settings.findLast((text) => samePath(problem.path, text.slice(0, text.indexOf('='))))
  if (!setting) return problem
  readSetting(setting)
  return { ...problem, place: { file: `--set ${setting}`, line: 1, column: 1 } }
}

function samePath(path: string, set: string): boolean {
  return path === set || path.startsWith(`${set}.`) || path.startsWith(`${set}[`)
}
