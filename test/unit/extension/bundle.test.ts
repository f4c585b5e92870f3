import { build } from 'esbuild'
import { beforeAll, describe, expect, it } from 'vitest'

async function inputsOf(entry: string): Promise<string[]> {
  const { metafile } = await build({
    entryPoints: [entry],
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
  return Object.keys(Object.values(metafile.outputs)[0]!.inputs)
}

let light: string[]
let heavy: string[]
beforeAll(async () => {
  ;[light, heavy] = await Promise.all([
    inputsOf('src/extension/extension.ts'),
    inputsOf('src/extension/heavy.ts'),
  ])
})

describe('the extension bundle', () => {
  it('holds neither a tensor library nor an image library', () => {
    const found = [...light, ...heavy].filter((path) =>
      /tensorflow|node_modules\/sharp|@img\/|\/h5wasm\//.test(path),
    )
    expect(found).toEqual([])
  })

  it('holds of the engine only the catalogue of strategies and the statistics', () => {
    const engine = [...light, ...heavy].filter((path) => path.startsWith('src/engine/'))
    expect(
      engine.filter(
        (path) =>
          !/^src\/engine\/(evaluate\/|random|data\/source|network\/pattern)/.test(path) &&
          !/^src\/engine\/strategies\/(catalog|own|[\w-]+\/(meta|options))\.ts$/.test(path),
      ),
    ).toEqual([])
  })

  it('has a heavy half that never asks for itself', () => {
    expect(heavy).not.toContain('src/extension/load.ts')
  })

  it('wakes without the run file schema, the run folder or the runner', () => {
    expect(light.join('\n')).not.toMatch(/node_modules\/|src\/events\/|src\/runner\//)
  })
})
