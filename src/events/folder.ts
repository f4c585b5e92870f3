import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { UserError } from '../spec/types'
import { explainFailure } from './failures'

/** Where everything of a run lies. */
export interface RunFolder {
  id: string
  path: string
  spec: string
  events: string
  layers: string
  control: string
  log: string
  /** Files that views show, see artifacts.ts. */
  artifacts: string
}

const ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/

/** The folder of all runs that belong to `base`, the folder of a run file. */
export function runsFolder(base: string): string {
  return join(resolve(base), '.thaw', 'runs')
}

function describe(path: string): RunFolder {
  return {
    id: basename(path),
    path,
    spec: join(path, 'spec.json'),
    events: join(path, 'events.jsonl'),
    layers: join(path, 'layers.f32'),
    control: join(path, 'control.json'),
    log: join(path, 'trainer.log'),
    artifacts: join(path, 'artifacts'),
  }
}

/** Local time, then what a person knows the run by, then four random digits: `20261125-0131-full-1a2b`. */
export function createRunId(label: string, now = new Date()): string {
  const pad = (value: number) => String(value).padStart(2, '0')
  const day = `${now.getFullYear()}${pad(now.getMonth() + 1)}${pad(now.getDate())}`
  const words = label
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 40)
    .replace(/^-+|-+$/g, '')
  return `${day}-${pad(now.getHours())}${pad(now.getMinutes())}-${words || 'run'}-${randomBytes(2).toString('hex')}`
}

/** Keeps what Thaw writes out of version control, when the runs lie in a `.thaw` folder. */
function ignoreInGit(root: string): void {
  const thaw = dirname(root)
  const file = join(thaw, '.gitignore')
  if (basename(thaw) === '.thaw' && !existsSync(file)) writeFileSync(file, '*\n')
}

/**
 * Makes the folder of a new run in `root`. Throws a UserError when the id is not a plain name, is taken, or when
 * nothing can be written there.
 */
export function createRunFolder(root: string, id = createRunId('run')): RunFolder {
  if (!ID.test(id)) {
    throw new UserError(
      `"${id}" cannot be the name of a run: use letters, digits, ".", "_" and "-" (at most 100).`,
    )
  }
  const path = join(resolve(root), id)
  try {
    mkdirSync(resolve(root), { recursive: true })
    ignoreInGit(resolve(root))
    if (existsSync(path))
      throw new UserError(`There is already a run called "${id}" in ${root}; choose another name.`)
    mkdirSync(path)
    mkdirSync(join(path, 'attempts'))
  } catch (error) {
    throw explainFailure(error, 'make the run folder', path)
  }
  return describe(path)
}

export function isRunFolder(path: string): boolean {
  return existsSync(join(path, 'attempts')) && statSync(path).isDirectory()
}

/** Throws a UserError when there is no run. */
export function openRunFolder(path: string): RunFolder {
  const full = resolve(path)
  if (!isRunFolder(full))
    throw new UserError(`There is no run in ${path}. \`thaw ls runs\` lists the runs that there are.`)
  return describe(full)
}

/** `spec.json`. */
export interface StoredSpec<S = unknown> {
  v: 1
  runId: string
  name: string
  /** Folder that relative paths of the run file start from. */
  base: string
  /** Unix time in ms. */
  created: number
  forkedFrom?: { run: string; step: number }
  /** The resolved run file. */
  spec: S
}

export function readStoredSpec<S = unknown>(folder: RunFolder): StoredSpec<S> {
  try {
    const stored = JSON.parse(readFileSync(folder.spec, 'utf8')) as StoredSpec<S>
    if (stored.v === 1 && typeof stored.base === 'string' && typeof stored.spec === 'object') return stored
  } catch (error) {
    if (!(error instanceof SyntaxError) && !existsSync(folder.path)) throw error
  }
  throw new UserError(
    `The run ${folder.id} has no readable spec.json, so it cannot be used again; \`thaw rm ${folder.id}\` removes it.`,
  )
}

export function writeStoredSpec(folder: RunFolder, stored: StoredSpec): void {
  try {
    writeFileSync(folder.spec, `${JSON.stringify(stored, null, 2)}\n`)
  } catch (error) {
    throw explainFailure(error, 'write', folder.spec)
  }
}
