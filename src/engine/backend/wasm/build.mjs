// Builds kernels.c into kernels.ts (base64, so that every bundle carries it). Needs Debian's clang and lld.
// node src/engine/backend/wasm/build.mjs [--check]
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const source = join(here, 'kernels.c')
const target = join(here, 'kernels.ts')
const folder = mkdtempSync(join(tmpdir(), 'thaw-kernels-'))
const wasm = join(folder, 'kernels.wasm')
try {
  execFileSync(
    'clang',
    [
      '--target=wasm32',
      '-O3',
      '-msimd128',
      '-mmutable-globals',
      '-nostdlib',
      '-ffreestanding',
      '-ffp-contract=off',
      '-fno-builtin',
      '-Wall',
      '-Werror',
    ].concat([
      '-Wl,--no-entry,--import-memory,--export=__stack_pointer,--strip-all',
      '-o',
      wasm,
      'kernels.c',
    ]),
    { cwd: here, stdio: 'inherit' },
  )
  const bytes = readFileSync(wasm)
  const sha256 = createHash('sha256').update(readFileSync(source)).digest('hex')
  const text = `// Built from kernels.c by build.mjs; ${bytes.length} bytes.
export const sourceSha256 = '${sha256}'
// prettier-ignore
export const kernelsBase64 = '${bytes.toString('base64')}'
`
  if (process.argv.includes('--check')) {
    if (readFileSync(target, 'utf8') !== text) throw new Error('kernels.ts is not what kernels.c builds into')
  } else writeFileSync(target, text)
  console.log(`kernels.wasm: ${bytes.length} bytes`)
} finally {
  rmSync(folder, { recursive: true })
}
