import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

export const MANIFEST = 'checkpoint.json'

/** What a checkpoint holds, written last. */
export interface Manifest {
  step: number
  why: string
  /** Bytes by file name, by which a damaged checkpoint is told. */
  files: Record<string, number>
}

/** The manifest of a whole checkpoint; undefined when any file is missing or has another size. */
export function readManifest(folder: string): Manifest | undefined {
  try {
    const manifest = JSON.parse(readFileSync(join(folder, MANIFEST), 'utf8')) as Manifest
    const sizes = Object.entries(manifest.files)
    return sizes.every(([name, bytes]) => statSync(join(folder, name)).size === bytes) ? manifest : undefined
  } catch {
    return undefined
  }
}
