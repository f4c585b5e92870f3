import { readdir, realpath, stat } from 'node:fs/promises'
import { dirname, join, sep } from 'node:path'
import { UserError } from '../../spec/types'
import { isClutter, isForeignImageName, isImageName, limits } from './limits'

/** What lies below a folder; every path relative to it, with `/`, in code point order. */
export interface Scan {
  images: string[]
  /** Every folder, empty ones too. */
  folders: string[]
  /** Pictures in a format that cannot be read here. */
  foreign: string[]
  /** Files that are no pictures. */
  others: string[]
  /** Links that lead back up, or to themselves. */
  loops: string[]
  /** Links that lead out of the folder; not followed. */
  outside: string[]
  /** Links to nothing, and files and folders without permission. */
  broken: string[]
  /** Names that are no text, so that the file cannot be opened by them. */
  odd: string[]
  tooDeep: string[]
}

/** Surrogates after the rest of the basic plane, so that UTF-16 units compare as their code points do. */
const ordinal = (unit: number) => (unit < 0xd800 ? unit : unit >= 0xe000 ? unit - 0x800 : unit + 0x2000)

/** The order of Python's `sorted`, so that lists agree with torchvision's ImageFolder. */
export function byCodePoint(one: string, other: string): number {
  const shared = Math.min(one.length, other.length)
  for (let i = 0; i < shared; i++) {
    const a = one.charCodeAt(i)
    const b = other.charCodeAt(i)
    if (a !== b) return ordinal(a) - ordinal(b)
  }
  return one.length - other.length
}

const within = (root: string, path: string) =>
  path === root || path.startsWith(root.endsWith(sep) ? root : root + sep)

/** Looks at names and kinds only: nothing is opened. `root` is a real path. */
export async function scanFolder(root: string): Promise<Scan> {
  const scan: Scan = {
    images: [],
    folders: [],
    foreign: [],
    others: [],
    loops: [],
    outside: [],
    broken: [],
    odd: [],
    tooDeep: [],
  }
  let entries = 0

  function addFile(path: string, name: string) {
    if (isImageName(name)) scan.images.push(path)
    else if (isForeignImageName(name)) scan.foreign.push(path)
    else scan.others.push(path)
  }

  async function followLink(path: string, name: string, chain: readonly string[]) {
    let target: string
    try {
      target = await realpath(join(root, path))
    } catch (error) {
      const loop = (error as NodeJS.ErrnoException).code === 'ELOOP'
      ;(loop ? scan.loops : scan.broken).push(path)
      return
    }
    if (!within(root, target)) scan.outside.push(path)
    else if ((await stat(target)).isDirectory()) {
      if (chain.some((folder) => within(target, folder))) scan.loops.push(path)
      else await visit(path, [...chain, target])
    } else addFile(path, name)
  }

  async function visit(folder: string, chain: readonly string[]): Promise<void> {
    if (folder !== '') scan.folders.push(folder)
    if (chain.length > limits.depth) {
      scan.tooDeep.push(folder)
      return
    }
    let found
    try {
      found = await readdir(join(root, folder), { withFileTypes: true })
    } catch {
      scan.broken.push(folder)
      return
    }
    entries += found.length
    if (entries > limits.entries)
      throw new UserError(
        `data.source: ${root} holds over ${limits.entries} files; point it at the folder of images alone`,
      )
    for (const entry of found) {
      if (isClutter(entry.name)) continue
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      // Node decodes names as UTF-8; what cannot be decoded cannot be opened by the decoded name either.
      if (entry.name.includes('\uFFFD')) scan.odd.push(path)
      else if (entry.isSymbolicLink()) await followLink(path, entry.name, chain)
      else if (entry.isDirectory()) await visit(path, [...chain, join(root, path)])
      else if (entry.isFile()) addFile(path, entry.name)
    }
  }

  await visit('', [root])
  for (const list of Object.values(scan) as string[][]) list.sort(byCodePoint)
  return scan
}

/** First folder of a relative path, and the rest. */
export function splitPath(path: string): [head: string, rest: string] {
  const at = path.indexOf('/')
  return at < 0 ? ['', path] : [path.slice(0, at), path.slice(at + 1)]
}

export const parentOf = (path: string): string => (path.includes('/') ? dirname(path) : '')
