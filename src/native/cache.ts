import { existsSync, lstatSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { installs, nativeFolder, type Install } from '../engine/backend/native/find'
import { inTurn } from '../events'
import { UserError } from '../spec/types'

/** Whoever writes into the folder of installs takes turns through this one. */
export const turns = (root: string): string => join(root, '.turns')

export interface Listed extends Install {
  name: string
  bytes: number
}

export const listNative = (root = nativeFolder()): Listed[] =>
  installs(root).map((install) => ({
    ...install,
    name: basename(install.folder),
    bytes: folderBytes(install.folder),
  }))

/**
 * Removes an install by its name, or all of them with what broken ones and downloads left.
 * @returns bytes that became free
 * @throws UserError for a name that is not there
 */
export async function removeNative(name?: string, root = nativeFolder()): Promise<number> {
  if (!existsSync(root) && name === undefined) return 0
  const names = listNative(root).map((one) => one.name)
  if (name !== undefined && !names.includes(name))
    throw new UserError(`there is no install ${name}; there are: ${names.join(', ') || 'none'}`)
  return inTurn(turns(root), () => {
    const gone = name === undefined ? readdirSync(root).filter((one) => isOurs(one)) : [name]
    return gone.reduce((sum, one) => sum + removeWhole(root, one), 0)
  })
}

const isOurs = (name: string): boolean => /^(tensorflow-|\.making-|\.old-|\.downloads$)/.test(name)

/** Renamed first: a process that looks meanwhile finds the whole install or none. */
function removeWhole(root: string, name: string): number {
  const bytes = folderBytes(join(root, name))
  const old = join(root, `.old-${process.pid}-${name}`)
  renameSync(join(root, name), old)
  rmSync(old, { recursive: true, force: true })
  return bytes
}

function folderBytes(folder: string): number {
  return readdirSync(folder, { recursive: true })
    .map((name) => lstatSync(join(folder, String(name))))
    .reduce((sum, stat) => sum + (stat.isFile() ? stat.size : 0), 0)
}
