// Runs test/editor inside a real VS Code. `node .ci/editor.mjs [--report FILE] [--provision] [--desktop]
// [--folder | --places]`: only in a window on one folder; only in windows on no folder, several, and an untrusted one.
// --desktop: through @vscode/test-electron (VSCODE_EXECUTABLE names an installed VS Code, else it is downloaded).
import { build } from 'esbuild'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { record } from '../test/product/harness/recorded.mjs'
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
const places = join(root, 'out', 'editor', 'places.js')
const LIMIT = 8 * 60_000

async function bundleSuites() {
  await build({
    entryPoints: [join(root, 'test/editor/index.ts'), join(root, 'test/editor/places.ts')],
    outdir: dirname(suite),
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

/** Runs a suite in a window of its own, until it has written its report. */
async function inWindow(browser, server, where, written) {
  rmSync(written, { force: true })
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } })
  page.on('console', (message) => {
    if (process.env.THAW_EDITOR_LOG) console.log(`  [window] ${message.text()}`)
  })
  await page.goto(address(server, where))
  for (const end = Date.now() + LIMIT; !existsSync(written);) {
    if (Date.now() > end) {
      await page.screenshot({ path: join(dirname(report), 'editor-stuck.png') })
      throw new Missing(`the suite gave no result within ${LIMIT / 60_000} minutes`)
    }
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
  await page.close()
  return readJson(written)
}

async function inServer(env) {
  const parts = await provision()
  const [folder, room] = [workspace(), workspace()]
  for (const name of ['untrusted', 'first', 'second']) mkdirSync(join(room, name))
  // a run as it was recorded, for a workspace in which nothing may run
  await record(join(room, 'untrusted', '.thaw', 'runs'), 'full', { killed: true })
  const several = join(room, 'both.code-workspace')
  writeFileSync(several, JSON.stringify({ folders: [{ path: 'first' }, { path: 'second' }] }))
  const servers = []
  const start = async (options) => {
    const server = await startServer(parts, { env: { ...env, THAW_TEST_ROOM: room }, ...options })
    servers.push(server)
    return server
  }
  const browser = await startBrowser(parts.chromium)
  try {
    const results = []
    const on = async (server, where, written) => results.push(await inWindow(browser, server, where, written))
    const server = await start({})
    if (!option('--places')) await on(server, { workspace: folder, tests: suite }, report)
    if (!option('--folder')) {
      await on(server, { workspace: several, tests: places }, `${report}.several`)
      await on(server, { tests: places }, `${report}.none`)
      const untrusted = { workspace: join(room, 'untrusted'), tests: places }
      await on(await start({ trust: true }), untrusted, `${report}.untrusted`)
    }
    const tests = results.flatMap((one) => one.tests)
    const count = (state) => tests.filter((test) => test.state === state).length
    writeFileSync(report, JSON.stringify({ passed: count('passed'), failed: count('failed'), tests }))
  } finally {
    await browser.close()
    if (process.env.THAW_EDITOR_LOG) for (const server of servers) console.log(server.log())
    for (const server of servers) server.stop()
    for (const one of [folder, room]) {
      endTrainers(one)
      rmSync(one, { recursive: true, force: true })
    }
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
  await Promise.all([bundle(), bundleSuites()])
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
