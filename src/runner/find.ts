import { readdirSync } from 'node:fs'
import { resolve, sep } from 'node:path'
import {
  emptyView,
  EventReader,
  foldEvents,
  isRunFolder,
  openRunFolder,
  readStoredSpec,
  type RunFolder,
  type RunView,
} from '../events'
import { suggest } from '../spec/suggest'
import { UserError } from '../spec/types'

/** Ids of the runs in a folder of run folders, oldest first (ids start with the time). */
export function runIds(root: string): string[] {
  try {
    return readdirSync(root)
      .filter((name) => isRunFolder(resolve(root, name)))
      .sort()
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return []
    throw error
  }
}

/**
 * Finds a run by what a person types: a path, an id, a part of an id that is in only one, or `last`.
 * @throws UserError when there is none, or more than one
 */
export function findRun(reference: string, root: string, cwd: string): RunFolder {
  const folder = resolve(cwd, root)
  if (reference.includes(sep) || reference.includes('/')) return openRunFolder(resolve(cwd, reference))
  const ids = runIds(folder)
  if (reference === 'last' && ids.length > 0)
    return newest(ids.map((id) => openRunFolder(resolve(folder, id))))
  if (ids.includes(reference)) return openRunFolder(resolve(folder, reference))
  const matching = ids.filter((id) => id.includes(reference))
  if (matching.length === 1) return openRunFolder(resolve(folder, matching[0]!))
  if (matching.length > 1) {
    throw new UserError(
      `${reference}: ${matching.length} runs have this in their id (${shorten(matching)}); write more of it`,
    )
  }
  if (ids.length === 0)
    throw new UserError(
      `${reference}: there are no runs in ${root}; \`thaw run FILE\` starts one, --runs DIR looks elsewhere`,
    )
  const near = suggest(reference, ids)
  throw new UserError(
    `${reference}: there is no such run in ${root}; ${near ? `did you mean ${near}?` : `there are ${shorten(ids.slice().reverse())}`}`,
  )
}

function newest(folders: readonly RunFolder[]): RunFolder {
  const created = (folder: RunFolder) => {
    try {
      return readStoredSpec(folder).created
    } catch {
      return 0
    }
  }
  return folders.reduce((last, folder) => (created(folder) >= created(last) ? folder : last))
}

/** Everything that a run's log tells. */
export async function readView(folder: RunFolder): Promise<RunView> {
  return foldEvents(emptyView(), await new EventReader(folder.events).read())
}

function shorten(ids: readonly string[]): string {
  return ids.length > 3 ? `${ids.slice(0, 3).join(', ')}, …` : ids.join(', ')
}
