// `npm test [SUITE …]`: every suite, or the named ones, and one closing line `N passed, N failed`.
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { constants, setPriority } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { installNative } from './native.mjs'
import { setup } from './setup.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const results = join(root, 'test-results')
const bin = (name) => join(root, 'node_modules', '.bin', name)

/** A check counts as one test; a suite tells its counts in a JSON report. */
const suites = [
  { name: 'types', check: [process.execPath, [bin('tsc'), '-p', 'tsconfig.json']] },
  { name: 'types-webview', check: [process.execPath, [bin('tsc'), '-p', 'webview/tsconfig.json']] },
  { name: 'types-editor', check: [process.execPath, [bin('tsc'), '-p', 'test/editor/tsconfig.json']] },
  { name: 'lint', check: [process.execPath, [bin('eslint'), '.']] },
  { name: 'format', check: [process.execPath, [bin('prettier'), '--check', '--log-level', 'warn', '.']] },
  { name: 'unit', vitest: ['unit', 'unit-mocked'] },
  { name: 'numerics', vitest: ['numerics'] },
  { name: 'process', vitest: ['process'] },
  { name: 'editor', script: '.ci/editor.mjs' },
  { name: 'product', script: '.ci/product.mjs' },
]

function run(command, args) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
    child.on('exit', (code) => resolve(code ?? 1))
    child.on('error', () => resolve(1))
  })
}

/** As `run`, for what goes beside others: its words come back with its code. */
function runAside([command, ...args], priority = constants.priority.PRIORITY_NORMAL) {
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += chunk))
  if (child.pid) setPriority(child.pid, priority)
  return new Promise((resolve) => {
    child.on('error', (error) => (text += error.message))
    child.on('close', (code) => resolve({ code: code ?? 1, text }))
  })
}

function counts(report) {
  if (!existsSync(report)) return { passed: 0, failed: 1 }
  const json = JSON.parse(readFileSync(report, 'utf8'))
  return {
    passed: json.numPassedTests ?? json.passed ?? json.stats?.passes ?? 0,
    failed: json.numFailedTests ?? json.failed ?? json.stats?.failures ?? 0,
  }
}

async function runSuite(suite) {
  if (suite.check) {
    const { code, text } = await runAside(suite.check.flat())
    console.log(`\n== ${suite.name}\n${text.trimEnd()}`)
    return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1 }
  }
  const report = join(results, `${suite.name}.json`)
  rmSync(report, { force: true })
  const code = suite.vitest
    ? await run(process.execPath, [
        bin('vitest'),
        'run',
        ...suite.vitest.flatMap((project) => ['--project', project]),
        '--reporter=default',
        '--reporter=json',
        `--outputFile.json=${report}`,
      ])
    : await run(process.execPath, [suite.script, '--report', report])
  const count = counts(report)
  // a suite that died outside its tests (a crash, an unhandled error) has failed, whatever it counted
  if (code !== 0 && count.failed === 0) count.failed = 1
  if (code === 0 && count.passed === 0) count.failed = 1
  return count
}

const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !suites.some((suite) => suite.name === name))
if (unknown.length > 0) {
  console.error(`no suite ${unknown.join(', ')}; there are: ${suites.map((suite) => suite.name).join(', ')}`)
  process.exit(2)
}
setup()
mkdirSync(results, { recursive: true })
const chosen = suites.filter((suite) => wanted.length === 0 || wanted.includes(suite.name))
const inEditor = ({ name }) => name === 'editor' || name === 'product'
// VS Code is fetched and compiled behind the other suites, which leave a core free now and then
const provision = [process.execPath, '.ci/editor.mjs', '--provision']
const provisioning = chosen.some(inEditor) && runAside(provision, constants.priority.PRIORITY_LOW)
if (chosen.some(({ name }) => name === 'numerics' || name === 'process')) await installNative()
const rows = []
async function measured(suite) {
  const started = Date.now()
  const count = await runSuite(suite)
  rows.push({ suite: suite.name, ...count, seconds: Math.round((Date.now() - started) / 100) / 10 })
}
// a check takes one core
const checks = chosen.filter(({ check }) => check)
const oneByOne = async () => {
  for (let suite; (suite = checks.shift());) await measured(suite)
}
await Promise.all([oneByOne(), oneByOne()])
for (const suite of chosen.filter(({ check }) => !check)) {
  if (inEditor(suite)) process.stdout.write((await provisioning).text)
  console.log(`\n== ${suite.name}`)
  await measured(suite)
}
console.log('')
const place = ({ suite }) => suites.findIndex(({ name }) => name === suite)
for (const row of rows.sort((a, b) => place(a) - place(b)))
  console.log(
    `${row.suite.padEnd(14)} ${String(row.passed).padStart(5)} passed ${String(row.failed).padStart(4)} failed ${row.seconds.toFixed(1).padStart(7)} s`,
  )
const sum = (key) => rows.reduce((total, row) => total + row[key], 0)
console.log(`\n${sum('passed')} passed, ${sum('failed')} failed`)
process.exitCode = sum('failed') > 0 ? 1 : 0
