import { build, type Metafile } from 'esbuild'
import { beforeAll, describe, expect, it } from 'vitest'

let inputs: string[]
let loadedAtStart: string

beforeAll(async () => {
  const { metafile } = await build({
    entryPoints: ['src/extension/extension.ts'],
    bundle: true,
    write: false,
    metafile: true,
    outdir: 'out',
    platform: 'node',
    format: 'cjs',
    external: ['vscode', '*.node'],
    alias: { 'jsonc-parser': 'jsonc-parser/lib/esm/main.js' },
    logLevel: 'silent',
  })
  inputs = Object.keys(Object.values(metafile.outputs)[0]!.inputs)
  loadedAtStart = staticImports(metafile, 'src/extension/extension.ts').join('\n')
})

/** Modules that are evaluated when the extension wakes. */
function staticImports(metafile: Metafile, entry: string, seen = new Set<string>()): string[] {
  if (seen.has(entry)) return []
  seen.add(entry)
  for (const one of metafile.inputs[entry]?.imports ?? [])
    if (one.kind !== 'dynamic-import' && !one.external) staticImports(metafile, one.path, seen)
  return [...seen]
}

describe('the extension bundle', () => {
  it('holds neither a tensor library nor an image library', () => {
    const found = inputs.filter((path) => /tensorflow|node_modules\/sharp|@img\/|\/h5wasm\//.test(path))
    expect(found).toEqual([])
  })

  it('holds of the engine only the catalogue of strategies', () => {
    const engine = inputs.filter((path) => path.startsWith('src/engine/'))
    expect(
      engine.filter((path) => !/^src\/engine\/strategies\/(catalog|[\w-]+\/meta)\.ts$/.test(path)),
    ).toEqual([])
  })

  it('wakes without the run file schema, the run folder or the runner', () => {
    expect(loadedAtStart).not.toMatch(/node_modules\/zod|src\/events\/|src\/runner\/|vscode-jsonrpc/)
  })
})
