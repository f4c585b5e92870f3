import { spawnSync } from 'node:child_process'

/** What the trainer runs on. */
export interface NodeBinary {
  path: string
  /** Added to the environment. */
  env: Record<string, string>
  /** For example `Node found on the machine`. */
  origin: string
}

const OLDEST = [20, 9] as const

/** Version of the `node` on the PATH, undefined when there is none that is new enough. */
function nodeOnPath(): { path: string } | undefined {
  const script = 'process.stdout.write(process.version + " " + process.execPath)'
  const { status, stdout } = spawnSync('node', ['-e', script], {
    encoding: 'utf8',
    timeout: 10_000,
    windowsHide: true,
  })
  const match = status === 0 ? /^v(\d+)\.(\d+)\.\S+ (.+)$/.exec(stdout) : null
  if (!match) return undefined
  const [major, minor] = [Number(match[1]), Number(match[2])]
  const newEnough = major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])
  return newEnough ? { path: match[3]! } : undefined
}

let known: NodeBinary | undefined

/**
 * `THAW_NODE` when set; else this process's own Node; else, inside an editor (Electron), the Node on the PATH, so
 * that training does not depend on the editor's binary; else that binary as Node.
 */
export function findNode(): NodeBinary {
  known ??= look()
  return known
}

function look(): NodeBinary {
  const chosen = process.env.THAW_NODE
  if (chosen) return { path: chosen, env: {}, origin: 'THAW_NODE' }
  if (!process.versions.electron)
    return { path: process.execPath, env: {}, origin: 'the Node that started it' }
  const found = nodeOnPath()
  if (found) return { path: found.path, env: {}, origin: 'Node found on the machine' }
  return { path: process.execPath, env: { ELECTRON_RUN_AS_NODE: '1' }, origin: "the editor's own Node" }
}
