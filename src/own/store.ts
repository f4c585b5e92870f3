import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isOwnStrategy } from '../engine/strategies/own'
import { UserError } from '../spec/types'
import { hashOf, readSources, type Sources } from './sources'

/** In a run folder: the strategy's files as they were when the run was made, and what they are. */
const FOLDER = 'strategy'
const INDEX = 'strategy.json'

/** The files of a run file's own strategy; undefined where the strategy is one of Thaw's. @throws UserError */
export const sourcesOf = (name: string, base: string): Sources | undefined =>
  isOwnStrategy(name) ? readSources(join(base, name)) : undefined

/** Keeps a copy in a run's folder, so that resuming and replaying do not depend on what becomes of the files. */
export function storeSources(run: string, { entry, files, hash }: Sources): void {
  for (const [name, text] of Object.entries(files)) {
    const path = join(run, FOLDER, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }
  const index = { entry, files: Object.keys(files), hash }
  writeFileSync(join(run, INDEX), `${JSON.stringify(index, null, 2)}\n`)
}

/** The copy of a run; undefined where it has none. @throws UserError when it was changed since */
export function storedSources(run: string): Sources | undefined {
  if (!existsSync(join(run, INDEX))) return undefined
  const { entry, files, hash } = JSON.parse(readFileSync(join(run, INDEX), 'utf8')) as {
    entry: string
    files: string[]
    hash: string
  }
  const texts = Object.fromEntries(files.map((name) => [name, readFileSync(join(run, FOLDER, name), 'utf8')]))
  if (hashOf(texts) !== hash)
    throw new UserError(
      `the run's copy of its strategy (${join(run, FOLDER, entry)}) is not what it began with; put it back, or start a new run`,
    )
  return { entry, files: texts, hash }
}

/** What a person should know when a run goes on with its copy; undefined when the file is still the same. */
export function changedSince(run: string, name: string, base: string): string | undefined {
  const stored = storedSources(run)
  if (!stored) return undefined
  try {
    if (readSources(join(base, name)).hash === stored.hash) return undefined
  } catch {
    return `${name} is no longer there or can no longer be read; the run goes on with its own copy of it`
  }
  return `${name} has changed since the run began; the run goes on with its own copy of it`
}
