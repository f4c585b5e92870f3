import { resolve } from 'node:path'
import type { RunSummary } from '../runner'

export type RunRow = RunSummary

/** All runs of a folder, newest first. */
export async function runRows(root: string, cwd: string): Promise<RunRow[]> {
  const { listRuns } = await import('../runner')
  return listRuns(resolve(cwd, root))
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
