import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { sync as writeFileAtomic } from 'write-file-atomic'
import { livenessOf } from './processes'
import type { RunStatus } from './types'

const STATUS = 'status.json'

function isStatus(value: unknown): value is RunStatus {
  if (typeof value !== 'object' || value === null) return false
  const fields = value as Record<string, unknown>
  const numbers = ['attempt', 'pid', 'heartbeat', 'step', 'steps'].every(
    (name) => typeof fields[name] === 'number',
  )
  return (
    numbers && ['host', 'bootId', 'processStart', 'state'].every((name) => typeof fields[name] === 'string')
  )
}

/** The status of a run, undefined when there is none or it is damaged. */
export function readStatus(folder: string): RunStatus | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(join(folder, STATUS), 'utf8'))
    return isStatus(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** Replaces the status in one step; not synced to the disk, since after a power cut the boot id tells all. */
export function writeStatus(folder: string, status: RunStatus): void {
  writeFileAtomic(join(folder, STATUS), `${JSON.stringify(status)}\n`, { fsync: false })
}

/**
 * Is the process that wrote this status still there? Told by pid, start time and boot id; the heartbeat says only
 * how slow it is. A process on another machine counts as alive, since nobody here can know better: see `livenessOf`.
 */
export function isAlive(status: RunStatus): boolean {
  return livenessOf(status) !== 'dead'
}
