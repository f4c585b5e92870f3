import { execFileSync, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'vitest'

const folder = join(import.meta.dirname, '../../src/engine/backend/wasm')

const clang = spawnSync('clang', ['--version'], { encoding: 'utf8' }).stdout ?? ''
test.runIf(clang.includes('version 14.0.6'))('the same compiler builds the same bytes', () => {
  execFileSync(process.execPath, [join(folder, 'build.mjs'), '--check'], { stdio: 'pipe' })
})
