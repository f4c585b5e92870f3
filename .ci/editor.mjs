// Runs test/editor inside a real VS Code. `node .ci/editor.mjs [--report FILE] [--provision] [--desktop]`
// --desktop: through @vscode/test-electron (VSCODE_EXECUTABLE names an installed VS Code, else it is downloaded).
import { build } from 'esbuild'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { bundle } from './build.mjs'
import {
  Missing,
  address,
  endTrainers,
  provision,
  readJson,
  root,
  startBrowser,
  startServer,
} from './editor-host.mjs'

const option = (name) => process.argv.includes(name)
const value = (name) => process.argv[process.argv.indexOf(name) + 1]
const report = option('--report') ? value('--report') : join(root, 'test-results', 'editor.json')
const suite = join(root, 'out', 'editor', 'index.js')
const LIMIT = 8 * 60_000

async function bundleSuite() {
  await build({
    entryPoints: [join(root, 'test/editor/index.ts')],
    outfile: suite,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    external: ['vscode', 'mocha'],
    sourcemap: 'inline',
    logLevel: 'warning',
  })
}

function workspace() {
  const folder = mkdtempSync(join(tmpdir(), 'thaw-workspace-'))
  mkdirSync(join(folder, '.vscode'))
  return folder
}

async function inServer(env) {
  const parts = await provision()
  const folder = workspace()
  const server = await startServer(parts, { env })
  const browser = await startBrowser(parts.chromium)
  try {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } })
    page.on('console', (message) => {
      if (process.env.THAW_EDITOR_LOG) console.log(`  [window] ${message.text()}`)
    })
    await page.goto(address(server, { workspace: folder, tests: suite }))
    const started = Date.now()
    while (!existsSync(report)) {
      if (Date.now() - started > LIMIT) {
        await page.screenshot({ path: join(dirname(report), 'editor-stuck.png') })
        throw new Missing(`the suite gave no result within ${LIMIT / 60_000} minutes`)
      }
      await new Promise((resolve) => setTimeout(resolve, 250))
    }
  } finally {
    await browser.close()
    if (process.env.THAW_EDITOR_LOG) console.log(server.log())
    server.stop()
    endTrainers(folder)
    rmSync(folder, { recursive: true, force: true })
  }
}

async function onDesktop(env) {
  const { runTests } = await import('@vscode/test-electron')
  const folder = workspace()
  Object.assign(process.env, env)
  await runTests({
    extensionDevelopmentPath: root,
    extensionTestsPath: suite,
    launchArgs: [folder, '--disable-workspace-trust', '--disable-extensions'],
    vscodeExecutablePath: process.env.VSCODE_EXECUTABLE,
  })
}

try {
  if (option('--provision')) {
    await provision()
    console.log('editor: ready')
    process.exit(0)
  }
  rmSync(report, { force: true })
  mkdirSync(dirname(report), { recursive: true })
  await Promise.all([bundle(), bundleSuite()])
  const env = { THAW_TEST_REPORT: report }
  await (option('--desktop') ? onDesktop(env) : inServer(env))
  const result = readJson(report)
  for (const test of result.tests)
    console.log(`  ${test.state === 'passed' ? '✓' : '✗'} ${test.title} (${test.ms} ms)`)
  for (const test of result.tests.filter((test) => test.error)) console.log(`\n${test.title}\n${test.error}`)
  console.log(`editor: ${result.passed} passed, ${result.failed} failed`)
  process.exit(result.failed > 0 || result.passed === 0 ? 1 : 0)
} catch (error) {
  console.error(`editor: ${error instanceof Missing ? error.message : error.stack}`)
  if (!existsSync(report)) writeFileSync(report, JSON.stringify({ passed: 0, failed: 1, tests: [] }))
  process.exit(1)
}
