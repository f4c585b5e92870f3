import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** `cpu` runs on the processor alone; `cuda12` on an NVIDIA GPU where there is one, else on the processor. */
export type Flavour = 'cpu' | 'cuda12'

/**
 * What `install.json` in an install's folder says. The folder holds `tensorflow/` with the two libraries and the
 * addon, `include/` with TensorFlow's headers and, for CUDA, `nvidia/<package>/lib` where TensorFlow's run path looks.
 */
export interface InstallRecord {
  format: 1
  /** TensorFlow's version, for example `2.21.0`. */
  version: string
  flavour: Flavour
  /** `process.platform` and `process.arch` joined by a hyphen. */
  platform: string
  /** Path of the addon below the folder. */
  addon: string
  /** Version of what the addon offers, see `addonInterface`; left out by the first. */
  interface?: number
  /** File name of the wheel that the libraries came from. */
  wheel: string
  /** ISO 8601. */
  installed: string
}

/** Counted up when the addon offers more than before, which the JavaScript beside it needs. */
export const addonInterface = 3

/** Whether an install was made by an earlier Thaw, whose addon offers less; `thaw native install` makes it again. */
export const isStale = ({ interface: version = 1 }: InstallRecord): boolean => version < addonInterface

export interface Install extends InstallRecord {
  folder: string
}

/** Folder with one folder per install: THAW_NATIVE_DIR, else `thaw/native` in the user's cache folder. */
export function nativeFolder(env: NodeJS.ProcessEnv = process.env): string {
  if (env.THAW_NATIVE_DIR) return env.THAW_NATIVE_DIR
  if (env.XDG_CACHE_HOME) return join(env.XDG_CACHE_HOME, 'thaw', 'native')
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'thaw', 'native')
  if (process.platform === 'win32' && env.LOCALAPPDATA)
    return join(env.LOCALAPPDATA, 'thaw', 'Cache', 'native')
  return join(homedir(), '.cache', 'thaw', 'native')
}

/** Whole installs in the folder, newest TensorFlow first, CUDA before the processor's of the same version. */
export function installs(folder = nativeFolder()): Install[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .map((name) => readInstall(join(folder, name)))
    .filter((found) => found !== undefined)
    .sort((a, b) => byVersion(b.version, a.version) || b.flavour.length - a.flavour.length)
}

/** The install in a folder; undefined where there is none, or none that is whole. */
export function readInstall(folder: string): Install | undefined {
  try {
    const record = JSON.parse(readFileSync(join(folder, 'install.json'), 'utf8')) as InstallRecord
    if (record.format !== 1 || !existsSync(join(folder, record.addon))) return undefined
    return { ...record, folder }
  } catch {
    return undefined
  }
}

const byVersion = (a: string, b: string): number => a.localeCompare(b, 'en', { numeric: true })
