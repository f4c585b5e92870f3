import { join } from 'node:path'
import { FolderCache } from './folderCache'

/** Megabytes (2^20 bytes). */
export interface CacheLimits {
  memory: number
  disk: number
}

/** Environment variables that go before the run file. */
export const limitVariables = { memory: 'THAW_CACHE_MEMORY', disk: 'THAW_CACHE_DISK' } as const

/** What the environment says, else the run file. */
export function cacheLimits(spec: CacheLimits): CacheLimits {
  const limit = (key: keyof CacheLimits) => {
    const text = process.env[limitVariables[key]]
    return text !== undefined && /^\d+$/.test(text) ? Number(text) : spec[key]
  }
  return { memory: limit('memory'), disk: limit('disk') }
}

/**
 * Where features lie, and how many bytes of them memory may hold.
 * @param cache the runs' common cache folder; undefined: memory alone
 */
export function featureFolder(
  cache: string | undefined,
  spec: CacheLimits,
): { memoryBytes: number; disk?: FolderCache } {
  const { memory, disk } = cacheLimits(spec)
  return {
    memoryBytes: memory * 2 ** 20,
    ...(cache && disk > 0 && { disk: new FolderCache(join(cache, 'features'), disk * 2 ** 20) }),
  }
}
