// Bundles every entry point with esbuild: `node .ci/build.mjs [--dev]`. The process, editor and product suites start each of them.
import { build } from 'esbuild'
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cellApiModule } from './cell-api.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const require = createRequire(import.meta.url)
const dev = process.argv.includes('--dev')

/** Packages with native code or files beside them stay outside the bundles and ship in node_modules. */
const external = ['vscode', 'sharp', 'webgpu']

const common = {
  bundle: true,
  absWorkingDir: root,
  sourcemap: dev ? 'inline' : false,
  minify: !dev,
  keepNames: true,
  legalComments: 'none',
  logLevel: 'warning',
  write: false,
  // its CommonJS form is UMD, whose inner requires a bundler cannot see
  alias: { 'jsonc-parser': 'jsonc-parser/lib/esm/main.js' },
}

const node = {
  cli: 'src/cli/main.ts',
  trainer: 'src/runner/trainer.ts',
  heartbeat: 'src/runner/heartbeat.ts',
  kernel: 'src/notebook/kernel/main.ts',
  extension: 'src/extension/extension.ts',
  extensionHeavy: 'src/extension/heavy.ts',
}
/** What TypeScript's own server loads; it looks for plugins by package name beside the extension and nowhere else. */
const PLUGIN = 'node_modules/thaw-notebook-cells'
const browser = { panel: 'webview/panel/main.ts', renderer: 'webview/renderer/main.ts' }

const present = (entries) =>
  Object.fromEntries(Object.entries(entries).filter(([, file]) => existsSync(join(root, file))))

/** Writes beside and renames: a process that starts meanwhile finds the old bundle or the new, never half of one. */
function place(path, contents) {
  mkdirSync(dirname(path), { recursive: true })
  const temporary = `${path}.${process.pid}`
  writeFileSync(temporary, contents)
  renameSync(temporary, path)
}

export async function bundle({ quiet = false } = {}) {
  const started = Date.now()
  mkdirSync(join(root, 'dist'), { recursive: true })
  const built = await Promise.all([
    build({
      ...common,
      entryPoints: present(node),
      outdir: 'dist',
      platform: 'node',
      target: 'node20',
      format: 'cjs',
      external,
      alias: {
        ...common.alias,
        // its Node form waits for the package `canvas`, which we have no use for; the other one asks for a document first
        'vega-canvas': join(root, 'node_modules/vega-canvas/build/vega-canvas.browser.js'),
      },
      // tfjs marks its back ends free of side effects, which would drop their registration
      ignoreAnnotations: true,
      treeShaking: true,
    }),
    build({
      ...common,
      entryPoints: { index: 'src/tsserver/plugin.ts' },
      outdir: PLUGIN,
      platform: 'node',
      target: 'node20',
      format: 'cjs',
      footer: { js: 'module.exports = module.exports.default' },
    }),
    build({
      ...common,
      entryPoints: present({ panel: browser.panel }),
      outdir: 'dist/webview',
      platform: 'browser',
      target: 'es2022',
      format: 'iife',
      tsconfig: 'webview/tsconfig.json',
      loader: { '.css': 'text' },
    }),
    build({
      ...common,
      entryPoints: present({ renderer: browser.renderer }),
      outdir: 'dist/webview',
      platform: 'browser',
      target: 'es2022',
      format: 'esm',
      tsconfig: 'webview/tsconfig.json',
      loader: { '.css': 'text' },
    }),
  ])
  for (const file of built.flatMap((result) => result.outputFiles)) place(file.path, file.contents)
  place(join(root, PLUGIN, 'package.json'), '{ "name": "thaw-notebook-cells", "main": "index.js" }\n')
  place(
    join(root, PLUGIN, 'cell-api.d.ts'),
    cellApiModule(readFileSync(join(root, 'src/notebook/cellApi.ts'), 'utf8')),
  )
  const wasm = dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json'))
  mkdirSync(join(root, 'dist/wasm'), { recursive: true })
  for (const name of [
    'tfjs-backend-wasm.wasm',
    'tfjs-backend-wasm-simd.wasm',
    'tfjs-backend-wasm-threaded-simd.wasm',
  ])
    cpSync(join(wasm, 'dist', name), join(root, 'dist/wasm', name))
  copyAddonSources()
  if (!quiet) console.log(`built dist/ in ${((Date.now() - started) / 1000).toFixed(1)} s`)
}

/** What `thaw native install` compiles: the addons, and the headers of Node's stable C API. */
function copyAddonSources() {
  const to = join(root, 'dist/native')
  cpSync(join(root, 'native/addon'), join(to, 'addon'), { recursive: true })
  cpSync(require('node-api-headers').include_dir, join(to, 'node'), { recursive: true })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await bundle()
