import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { listFiles } from './prune'

/** Folders inside of a cache folder, and what lies there. */
export const cacheParts = {
  features: 'features of frozen layers, small pictures',
  decoded: 'decoded images',
  index: 'what is known of image files',
} as const
export type CachePart = keyof typeof cacheParts

export interface CacheReport {
  name: CachePart
  files: number
  bytes: number
  /** Unix time in ms of the file that was used last; 0 for none. */
  lastUsed: number
}

/** @param cache the runs' common cache folder */
export async function reportCache(cache: string): Promise<CacheReport[]> {
  const names = Object.keys(cacheParts) as CachePart[]
  return Promise.all(
    names.map(async (name) => {
      const files = await listFiles(join(cache, name))
      return {
        name,
        files: files.length,
        bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
        lastUsed: files.reduce((last, { used }) => Math.max(last, used), 0),
      }
    }),
  )
}

/** Removes what can be computed again; runs that are under way go on, slower. */
export async function clearCache(cache: string, name: CachePart): Promise<void> {
  await rm(join(cache, name), { recursive: true, force: true })
}
