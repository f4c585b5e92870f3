// The whole product, seen from outside: test/product in real windows. `node .ci/product.mjs [--report FILE]`
import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { bundle } from './build.mjs'
import { Missing, provision, root } from './editor-host.mjs'

const at = process.argv.indexOf('--report')
const report = at > 0 ? process.argv[at + 1] : join(root, 'test-results', 'product.json')
mkdirSync(dirname(report), { recursive: true })
try {
  await provision()
} catch (error) {
  console.error(`product: ${error instanceof Missing ? error.message : error.stack}`)
  process.exit(1)
}
await bundle()
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
const args = [
  'run',
  '--root',
  root,
  '--config',
  'test/product/vitest.config.mjs',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${report}`,
]
const done = spawnSync(process.execPath, [vitest, ...args], { cwd: root, stdio: 'inherit' })
process.exit(done.status ?? 1)
