import { createHash, randomBytes } from 'node:crypto'
import { lstatSync, mkdirSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { ExitCode, UserError } from '../spec/types'

/** Longest path of a Unix socket on every system (macOS: 104 bytes with the end mark); Node cuts longer ones silently. */
const LONGEST = 103

/** A folder that only this user can enter. */
function privateFolder(path: string): boolean {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
    const stat = lstatSync(path)
    return stat.isDirectory() && (stat.mode & 0o077) === 0 && stat.uid === userInfo().uid
  } catch {
    return false
  }
}

/**
 * A new address for the control socket of a run: under a short hash in `XDG_RUNTIME_DIR` or a 0700 temporary
 * folder, since the run folder's own path may be too long; a named pipe on Windows.
 */
export function createSocketPath(runFolder: string, platform: NodeJS.Platform = process.platform): string {
  const name = createHash('sha256').update(runFolder).update(randomBytes(16)).digest('hex').slice(0, 20)
  if (platform === 'win32') return `\\\\.\\pipe\\thaw-${name}`
  const own = `thaw-${userInfo().uid}`
  const places = [
    process.env.XDG_RUNTIME_DIR && join(process.env.XDG_RUNTIME_DIR, 'thaw'),
    join(tmpdir(), own),
    join('/tmp', own),
  ]
  for (const place of places) {
    if (!place) continue
    const path = join(place, `${name}.sock`)
    if (Buffer.byteLength(path) <= LONGEST && privateFolder(place)) return path
  }
  throw new UserError(
    `No private folder for the control socket: tried ${places.filter(Boolean).join(', ')}. Set XDG_RUNTIME_DIR to a folder of your own.`,
    ExitCode.machineLacks,
  )
}
