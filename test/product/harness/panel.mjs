// The panel outside VS Code, with the host's own feed behind it. `node test/product/harness/panel.mjs [theme …]`
import { build } from 'esbuild'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { freePort, root, startBrowser } from '../../../.ci/editor-host.mjs'
import { themes } from './themes.mjs'

/** Loads TypeScript of ours that runs in Node. */
export async function load(entry, name) {
  const outfile = join(root, 'out', 'harness', `${name}.mjs`)
  await build({
    entryPoints: [join(root, entry)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    logLevel: 'warning',
  })
  return import(`${pathToFileURL(outfile).href}?${Date.now()}`)
}

export async function buildPanel() {
  await build({
    absWorkingDir: root,
    entryPoints: { panel: 'webview/panel/main.ts' },
    outdir: 'out/harness',
    bundle: true,
    platform: 'browser',
    target: 'es2022',
    format: 'iife',
    keepNames: true,
    tsconfig: 'webview/tsconfig.json',
    loader: { '.css': 'text' },
    logLevel: 'warning',
  })
}

/** Opens the panel of a run folder in a page; `close` ends its server. */
export async function openPanel(
  browser,
  feed,
  page,
  { theme = 'dark', viewport = { width: 1334, height: 900 } } = {},
) {
  const port = await freePort()
  const nonce = 'harness'
  const { class: classes, ...variables } = themes[theme]
  const style = Object.entries(variables)
    .map(([key, value]) => `--vscode-${key}:${value}`)
    .join(';')
  const server = createServer((request, response) => {
    if (request.url.endsWith('panel.js'))
      return response.end(readFileSync(join(root, 'out/harness/panel.js')))
    response.setHeader('content-type', 'text/html')
    response.end(
      page.panelPage({ script: '/panel.js', cspSource: `http://localhost:${port}`, nonce, run: feed.path }),
    )
  }).listen(port)
  const tab = await browser.newPage({ viewport, deviceScaleFactor: 1 })
  const problems = []
  tab.on(
    'console',
    (message) =>
      (message.type() === 'error' || message.type() === 'warning') && problems.push(message.text()),
  )
  tab.on('pageerror', (error) => problems.push(error.stack ?? error.message))
  const send = (message) =>
    tab
      .evaluate((data) => {
        const window_ = data.window
        if (window_)
          for (const key of Object.keys(window_.values))
            window_.values[key] = Float32Array.from(window_.values[key], (value) => value ?? NaN)
        globalThis.postMessage(data)
      }, message)
      .catch(() => undefined)
  const sent = []
  await tab.exposeFunction('thawHost', async (message) => {
    sent.push(message)
    if (message.type === 'catch-up') await send(await feed.update(message.cursor))
    if (message.type === 'window') {
      const window_ = await feed.window(message.measures, message.from, message.to, message.columns)
      const values = Object.fromEntries(
        Object.entries(window_.values).map(([key, value]) => [
          key,
          Array.from(value, (one) => (Number.isNaN(one) ? null : one)),
        ]),
      )
      await send({ v: 1, type: 'window', request: message.request, window: { ...window_, values } })
    }
  })
  await tab.addInitScript(
    ({ classes, style }) => {
      let state
      globalThis.acquireVsCodeApi = () => ({
        postMessage: (message) => globalThis.thawHost(message),
        getState: () => state,
        setState: (next) => (state = next),
      })
      globalThis.addEventListener('securitypolicyviolation', (event) =>
        console.error(
          'CSP',
          event.violatedDirective,
          event.sourceFile,
          event.lineNumber,
          event.columnNumber,
          new Error().stack,
        ),
      )
      globalThis.addEventListener('DOMContentLoaded', () => {
        globalThis.document.body.className = classes
        for (const one of style.split(';'))
          globalThis.document.documentElement.style.setProperty(...one.split(/:(.*)/s))
        globalThis.document.documentElement.style.setProperty(
          '--vscode-font-family',
          'Inter, system-ui, sans-serif',
        )
      })
    },
    { classes, style },
  )
  await tab.goto(`http://localhost:${port}/`)
  await tab.waitForTimeout(600)
  return {
    tab,
    problems,
    sent,
    changed: () => send({ v: 1, type: 'changed' }),
    close: () => (server.close(), tab.close()),
  }
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const [{ Recorder }, { RunFeed }, page] = await Promise.all([
    load('test/fixtures/editor/recording.ts', 'recording'),
    load('src/extension/panel/feed.ts', 'feed'),
    load('src/extension/panel/page.ts', 'page'),
  ])
  await buildPanel()
  const folder = mkdtempSync(join(tmpdir(), 'thaw-harness-'))
  const recorder = new Recorder(folder)
  recorder.take(186)
  const feed = new RunFeed(recorder.folder.path)
  const browser = await startBrowser('/usr/bin/chromium')
  mkdirSync(join(root, 'test-results'), { recursive: true })
  for (const theme of process.argv.slice(2).length ? process.argv.slice(2) : Object.keys(themes)) {
    const panel = await openPanel(browser, feed, page, { theme })
    const map = await panel.tab
      .locator('thaw-map .grid')
      .boundingBox()
      .catch(() => null)
    if (map) await panel.tab.mouse.move(map.x + map.width * 0.6, map.y + map.height * 0.55)
    await panel.tab.waitForTimeout(200)
    await panel.tab.screenshot({ path: join(root, `test-results/panel-harness-${theme}.png`) })
    for (const problem of panel.problems) console.log(`${theme}: ${problem}`)
    panel.close()
  }
  await browser.close()
  feed.dispose()
  rmSync(folder, { recursive: true, force: true })
}
