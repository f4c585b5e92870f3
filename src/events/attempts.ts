import {
  closeSync,
  existsSync,
  linkSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { sync as writeFileAtomic } from 'write-file-atomic'
import { UserError } from '../spec/types'
import { errorCode, explainFailure } from './failures'
import { ownIdentity, type ProcessIdentity } from './processes'

const ATTEMPTS = 'attempts'

/** This writer has lost the run to a newer attempt and must stop without writing another byte. */
export class SupersededError extends UserError {}

/** The right to write to a run. */
export interface Attempt {
  readonly number: number
  /** Throws SupersededError when a newer attempt has been taken, or the run folder was removed. */
  assertCurrent(): void
}

const attemptFile = (folder: string, number: number) => join(folder, ATTEMPTS, String(number))

/** Only a clear answer counts as no: a disk that cannot be read now may come back. */
function isThere(file: string): boolean {
  try {
    statSync(file)
    return true
  } catch (error) {
    return errorCode(error) !== 'ENOENT'
  }
}

/** Highest attempt taken, 0 when none was. */
export function highestAttempt(folder: string): number {
  let highest = 0
  for (const name of readdirSync(join(folder, ATTEMPTS)))
    if (/^\d+$/.test(name)) highest = Math.max(highest, Number(name))
  return highest
}

/** Who took an attempt; undefined when the file is empty or damaged. */
export function attemptOwner(folder: string, number: number): ProcessIdentity | undefined {
  return readIdentity(attemptFile(folder, number))
}

export function readIdentity(file: string): ProcessIdentity | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ProcessIdentity
  } catch {
    return undefined
  }
}

/** Creates a file with its content in one step, failing with EEXIST when it is there. */
export function createExclusively(path: string, text: string): void {
  const draft = `${path}.${process.pid}.${Date.now()}.draft`
  writeFileSync(draft, text)
  try {
    linkSync(draft, path)
  } catch (error) {
    // file systems without hard links: exclusive, though for a moment without its content
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EACCES'].includes(errorCode(error) ?? ''))
      throw error
    const file = openSync(path, 'wx')
    writeFileSync(file, text)
    closeSync(file)
  } finally {
    rmSync(draft, { force: true })
  }
}

/** The attempt that was taken for this process by the one that started it. */
export function openAttempt(folder: string, number: number): Attempt {
  return {
    number,
    assertCurrent() {
      if (!existsSync(attemptFile(folder, number + 1))) {
        // nobody could stop a process that trains on without its folder
        if (isThere(attemptFile(folder, number))) return
        throw new SupersededError(`The folder of this run was removed; attempt ${number} stops here.`)
      }
      throw new SupersededError(
        `This run was taken over by attempt ${highestAttempt(folder)}; attempt ${number} stops here.`,
      )
    },
  }
}

/**
 * Takes the attempt after `after` by exclusive creation of a file: of several that try at once, exactly one gets it.
 * `after` is the highest attempt at the moment when the caller looked whether the run is free; the others get a
 * UserError.
 */
export function takeAttempt(folder: string, after = highestAttempt(folder), owner = ownIdentity()): Attempt {
  const number = after + 1
  try {
    createExclusively(attemptFile(folder, number), JSON.stringify(owner))
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw explainFailure(error, 'write to the run folder', folder)
    throw new UserError(`Another process has just started attempt ${number} of this run (${folder}).`)
  }
  const attempt = openAttempt(folder, number)
  attempt.assertCurrent()
  return attempt
}

/** Records that the attempt now belongs to another process: the trainer that its taker has started. */
export function handOverAttempt(folder: string, number: number, owner: ProcessIdentity): void {
  writeFileAtomic(attemptFile(folder, number), JSON.stringify(owner), { fsync: false })
}
