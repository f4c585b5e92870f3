// `npm run bench [step|probe|recording|flat …]`: one JSON line a row, medians taken in turns with PyTorch's in the same run.
// `npm run bench -- strategies [NAME …] [--backend B] [--rounds N] [--batch N]`: processor time of each strategy's step
// against full fine-tuning's, in turns, and what preflight predicts; `strategies NAME --heap`: its memory on wasm.
// `npm run bench -- native [NETWORK …] [--backends native,wasm] [--rounds N]`: networks on each back end against
// PyTorch from the package index, in a virtual environment of the benchmark's own (some 6 GB, made at the first run;
// THAW_BENCH_PYTHON names another), both with THAW_BENCH_THREADS threads (2). `--profile forward,step`: by operation.
// `npm run bench -- notebook`: the kernel's start, a cell's round trip, and step(1) against a run's step.
// `npm run bench -- map [--layers N] [--steps N]`: the freeze map of a large run in a real chromium.
// Run it on a quiet machine.
import { build } from 'esbuild'
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compareNetworks } from '../test/benchmark/compare.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const [first, ...args] = process.argv.slice(2)
const networks = first === 'native'
const bundle = join(root, 'out', networks ? 'bench-serve.cjs' : 'bench.cjs')
if (first !== 'map')
  await build({
    entryPoints: [join(root, networks ? 'test/benchmark/serve.ts' : 'test/benchmark/main.ts')],
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    ignoreAnnotations: true,
    alias: { 'jsonc-parser': 'jsonc-parser/lib/esm/main.js' },
    external: ['sharp', 'webgpu', '@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node-gpu/*'],
    outfile: bundle,
    logLevel: 'error',
  })
/** Python with PyTorch and timm, which is where the networks of the peer come from. */
function benchPython() {
  if (process.env.THAW_BENCH_PYTHON) return process.env.THAW_BENCH_PYTHON
  const folder = join(root, '.cache', 'bench-venv')
  const python = join(folder, 'bin', 'python')
  if (!existsSync(join(folder, 'ready'))) {
    execFileSync('python3', ['-m', 'venv', folder], { stdio: 'inherit' })
    const packages = ['torch==2.15.0', 'torchvision', 'timm', 'numpy']
    execFileSync(python, ['-m', 'pip', 'install', '--quiet', ...packages], { stdio: 'inherit' })
    writeFileSync(join(folder, 'ready'), '')
  }
  return python
}

if (first === 'map') await (await import('../test/benchmark/map.mjs')).benchMap(args)
else if (networks) {
  const peer = join(root, 'test/benchmark/networks.py')
  const threads = process.env.THAW_BENCH_THREADS ?? '2'
  await compareNetworks({ node: process.execPath, serve: bundle, python: benchPython(), peer, threads }, args)
} else {
  const python = process.env.THAW_PYTHON ?? (existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3')
  const { status } = spawnSync(
    process.execPath,
    ['--expose-gc', bundle, python, join(root, 'test/benchmark/peer.py'), ...process.argv.slice(2)],
    { stdio: 'inherit', cwd: root },
  )
  process.exitCode = status ?? 1
}
