import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

const binary = 'tfjs-backend-wasm-simd.wasm'

/**
 * Folder with tfjs's wasm binaries: `wasm` beside a bundle, `node_modules` above the sources. The one file of this
 * back end that knows of folders; a browser worker would hand `wasmPath` to `openBackend` instead.
 * `__dirname` exists in CommonJS bundles and under vitest alike, `import.meta.url` only in the latter.
 */
export function wasmFolder(): string | undefined {
  const starts = [typeof __dirname === 'string' ? __dirname : undefined, process.argv[1], process.cwd()]
  for (const start of starts)
    for (let folder = start; folder; folder = parent(folder))
      for (const candidate of ['wasm', 'dist/wasm', 'node_modules/@tensorflow/tfjs-backend-wasm/dist'])
        if (existsSync(join(folder, candidate, binary))) return join(folder, candidate)
  return undefined
}

function parent(folder: string): string | undefined {
  const above = dirname(folder)
  return above === folder ? undefined : above
}
