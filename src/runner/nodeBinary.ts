import { execFile, spawnSync } from 'node:child_process'
import { ExitCode, UserError } from '../spec/types'

/** What the trainer runs on. */
export interface NodeBinary {
  path: string
  /** Added to the environment. */
  env: Record<string, string>
  /** For example `Node found on the machine`. */
  origin: string
}

const OLDEST = [20, 9] as const
const PROBE_MS = 10_000

/** What `node -e` is asked: its version and where it really lies. */
const ask = ['-e', 'process.stdout.write(process.version + " " + process.execPath)']

/** Path of a Node that answered and is new enough. */
function readAnswer(answer: string): string | undefined {
  const match = /^v(\d+)\.(\d+)\.\S+ (.+)$/.exec(answer)
  if (!match) return undefined
  const [major, minor] = [Number(match[1]), Number(match[2])]
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]) ? match[3]! : undefined
}

function nodeOnPath(): string | undefined {
  const { status, stdout } = spawnSync('node', ask, {
    encoding: 'utf8',
    timeout: PROBE_MS,
    windowsHide: true,
  })
  return status === 0 ? readAnswer(stdout) : undefined
}

/** Asks a command without blocking. */
const probe = (command: string): Promise<string | undefined> =>
  new Promise((resolve) =>
    execFile(command, ask, { timeout: PROBE_MS, windowsHide: true }, (error, stdout) =>
      resolve(error ? undefined : readAnswer(stdout)),
    ),
  )

const own = (origin: string, env: Record<string, string> = {}): NodeBinary => ({
  path: process.execPath,
  env,
  origin,
})
const onPath = (path: string | undefined): NodeBinary =>
  path
    ? { path, env: {}, origin: 'Node found on the machine' }
    : own("the editor's own Node", { ELECTRON_RUN_AS_NODE: '1' })

/** What needs no look at the machine; undefined inside an editor. */
function without(chosen: string | undefined): NodeBinary | undefined {
  const { THAW_NODE } = process.env
  if (chosen) return { path: chosen, env: {}, origin: 'the setting thaw.nodePath' }
  if (THAW_NODE) return { path: THAW_NODE, env: {}, origin: 'THAW_NODE' }
  return process.versions.electron ? undefined : own('the Node that started it')
}

let known: NodeBinary | undefined

/**
 * `THAW_NODE` when set; else this process's own Node; else, inside an editor (Electron), the Node on the PATH, so
 * that training does not depend on the editor's binary; else that binary as Node.
 */
export function findNode(): NodeBinary {
  known ??= without(undefined) ?? onPath(nodeOnPath())
  return known
}

/**
 * Looks without blocking for what `findNode` answers from then on.
 * @param chosen a Node that comes before all else
 * @throws UserError when `chosen` is no Node that is new enough
 */
export async function prepareNode(chosen?: string): Promise<NodeBinary> {
  known = without(chosen) ?? onPath(await probe('node'))
  if (chosen && !(await probe(chosen))) {
    throw new UserError(
      `thaw.nodePath: ${chosen} is no Node ${OLDEST.join('.')} or newer; write the path of one, or leave the setting empty.`,
      ExitCode.machineLacks,
    )
  }
  return known
}
