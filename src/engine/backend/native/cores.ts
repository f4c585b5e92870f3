import { existsSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'

/**
 * Physical cores that this process may use: two hardware threads of one core share its arithmetic units, so a thread
 * on each gains nothing. On Linux from the allowed processors, their siblings and the container's quota; elsewhere
 * what Node tells.
 * @param root of the file system; tests hand in a folder
 */
export function usableCores(root = '/'): number {
  const allowed = /^Cpus_allowed_list:\s*(\S+)/m.exec(read(`${root}/proc/self/status`) ?? '')?.[1]
  if (!allowed) return availableParallelism()
  const cores = new Set(
    numbers(allowed).map(
      (cpu) => read(`${root}/sys/devices/system/cpu/cpu${cpu}/topology/thread_siblings_list`)?.trim() ?? cpu,
    ),
  )
  return Math.max(1, Math.min(cores.size, quota(root)))
}

/** Processors' worth of time that the container may take (cgroup version 2). */
function quota(root: string): number {
  const [most, period] = (read(`${root}/sys/fs/cgroup/cpu.max`) ?? 'max').trim().split(/\s+/)
  return most === 'max' || !period ? Infinity : Math.ceil(Number(most) / Number(period))
}

/** `0-3,8` as numbers. */
export function numbers(list: string): number[] {
  return list.split(',').flatMap((part) => {
    const [from = 0, to = from] = part.split('-').map(Number)
    return Array.from({ length: to - from + 1 }, (_, i) => from + i)
  })
}

const read = (path: string): string | undefined => (existsSync(path) ? readFileSync(path, 'utf8') : undefined)
