// `npm run bench [step|probe|recording|flat …]`: one JSON line a row, medians taken in turns with PyTorch's in the same run.
// Run it on a quiet machine: ours uses one thread, PyTorch its default or OMP_NUM_THREADS.
import { build } from 'esbuild'
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const bundle = join(root, 'out', 'bench.cjs')
await build({
  entryPoints: [join(root, 'test/benchmark/main.ts')],
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  ignoreAnnotations: true,
  alias: { 'jsonc-parser': 'jsonc-parser/lib/esm/main.js' },
  external: ['sharp', '@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node-gpu/*'],
  outfile: bundle,
  logLevel: 'error',
})
const python = process.env.THAW_PYTHON ?? (existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3')
const { status } = spawnSync(
  process.execPath,
  ['--expose-gc', bundle, python, join(root, 'test/benchmark/peer.py'), ...process.argv.slice(2)],
  { stdio: 'inherit', cwd: root },
)
process.exitCode = status ?? 1
