import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'

/** Enough to tell later whether this very process is still there, whatever happened to its number since. */
export interface ProcessIdentity {
  host: string
  /** Differs after a restart of the machine; '' where the system does not tell. */
  bootId: string
  pid: number
  /** Start time as the system tells it; '' where it does not (Windows): then the pid alone is compared. */
  processStart: string
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

function ask(command: string, args: string[]): string {
  try {
    return execFileSync(command, args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 5000,
      // the same words whoever asks
      env: { ...process.env, LC_ALL: 'C' },
    }).trim()
  } catch {
    return ''
  }
}

let boot: string | undefined

export function bootId(): string {
  boot ??= readBootId()
  return boot
}

function readBootId(): string {
  if (process.platform === 'linux') return readText('/proc/sys/kernel/random/boot_id')?.trim() ?? ''
  // `{ sec = 1732492800, usec = 0 } …`: the seconds alone, since usec drifts with clock corrections
  if (process.platform === 'darwin')
    return /sec = (\d+)/.exec(ask('sysctl', ['-n', 'kern.boottime']))?.[1] ?? ''
  return ''
}

/**
 * Start time of a process: ticks since boot on Linux (field 22 of /proc/PID/stat), `ps -o lstart` on macOS, ''
 * elsewhere. Undefined when there is no such process, or only what a parent has not yet collected of it.
 */
export function processStart(pid: number): string | undefined {
  if (process.platform === 'linux') {
    const stat = readText(`/proc/${pid}/stat`)
    if (stat === undefined) return undefined
    // the second field is the program's name in parentheses, which may hold anything
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19]
  }
  if (process.platform === 'darwin') return ask('ps', ['-o', 'lstart=', '-p', String(pid)]) || undefined
  return hasProcess(pid) ? '' : undefined
}

function hasProcess(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

export function ownIdentity(): ProcessIdentity {
  return identityOf(process.pid)
}

export function identityOf(pid: number): ProcessIdentity {
  return { host: hostname(), bootId: bootId(), pid, processStart: processStart(pid) ?? '' }
}

/** `unknown`: it runs, or ran, on another machine, where we cannot look. */
export type Liveness = 'alive' | 'dead' | 'unknown'

/**
 * Pid, start time and boot id decide, never how old a heartbeat is: a late one means slow. The name of a machine
 * may change while it runs, so a process that is seen here is alive whatever the name.
 */
export function livenessOf(identity: ProcessIdentity): Liveness {
  if (identity.pid <= 0) return 'dead'
  const start = processStart(identity.pid)
  const sameBoot = identity.bootId === bootId()
  const here = identity.host === hostname()
  if (start !== undefined && sameBoot && (start === identity.processStart || identity.processStart === '')) {
    if (here || (identity.bootId !== '' && identity.processStart !== '')) return 'alive'
  }
  return here ? 'dead' : 'unknown'
}
