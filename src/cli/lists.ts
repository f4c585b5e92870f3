import { resolve } from 'node:path'
import { isAlive, openRunFolder, readStatus, type RunState } from '../events'
import { readView, runIds } from './runs'

export interface RunRow {
  id: string
  name: string
  state: RunState | 'interrupted'
  strategy: string
  step: number
  steps: number
  balancedAccuracy: number | null
  low: number | null
  high: number | null
  seconds: number | null
  moved: number | null
  distance: number | null
  folder: string
}

/** All runs of a folder, newest first. A run whose process is gone without an end was interrupted: it can be resumed. */
export async function runRows(root: string, cwd: string): Promise<RunRow[]> {
  const folder = resolve(cwd, root)
  const rows: RunRow[] = []
  for (const id of runIds(folder).reverse()) {
    const run = openRunFolder(resolve(folder, id))
    const view = await readView(run)
    const metrics = view.ended?.metrics ?? view.evals.at(-1)?.metrics
    rows.push({
      id,
      name: view.name || id,
      state: stateOf(run.path, view.ended?.state ?? view.state),
      strategy: view.started?.strategy.name ?? '',
      step: view.step,
      steps: view.steps,
      balancedAccuracy: metrics?.balancedAccuracy ?? null,
      low: metrics?.low ?? null,
      high: metrics?.high ?? null,
      seconds: view.ended?.seconds ?? null,
      moved: view.ended?.moved ?? null,
      distance: view.ended?.distance ?? null,
      folder: run.path,
    })
  }
  return rows
}

/** What the log says, corrected by whether its writer is still there. */
export function stateOf(path: string, state: RunState): RunState | 'interrupted' {
  const status = readStatus(path)
  if (state === 'finished' || state === 'stopped' || state === 'failed') return state
  if (status && ['finished', 'stopped', 'failed'].includes(status.state)) return status.state
  return status && !isAlive(status) ? 'interrupted' : (status?.state ?? state)
}

export interface ModelRow {
  name: string
  title: string
  kind: 'packaged' | 'architecture'
  architecture: string
  inputSize: number | null
  source: string
  license: string
}

/** Networks in the package, then architectures that files can be loaded into or that train from scratch. */
export async function modelRows(): Promise<ModelRow[]> {
  const [{ packagedNetwork, packagedNetworks }, { architectures }, { mediaFolder }] = await Promise.all([
    import('../engine/formats'),
    import('../engine/network'),
    import('../engine/media'),
  ])
  const media = mediaFolder()
  const packaged = await Promise.all(packagedNetworks(media).map((name) => packagedNetwork(media, name)))
  return [
    ...packaged.map(({ name, title, architecture, inputSize, source, license }) => ({
      name: `thaw:${name}`,
      title,
      kind: 'packaged' as const,
      architecture,
      inputSize,
      source,
      license,
    })),
    ...[...architectures].map((name) => ({
      name,
      title: '',
      kind: 'architecture' as const,
      architecture: name,
      inputSize: null,
      source: '',
      license: '',
    })),
  ]
}

export interface BackendRow {
  name: string
  works: boolean
  /** Device and version, or why it does not work. */
  detail: string
}

/** Tries each back end. */
export async function backendRows(): Promise<BackendRow[]> {
  const { openBackend } = await import('../engine/backend')
  const rows: BackendRow[] = []
  for (const name of ['native', 'webgpu', 'wasm', 'cpu'] as const) {
    try {
      const opened = await openBackend(name)
      rows.push({ name, works: true, detail: `${opened.device}, version ${opened.version}` })
    } catch (error) {
      rows.push({ name, works: false, detail: error instanceof Error ? error.message : String(error) })
    }
  }
  return rows
}
