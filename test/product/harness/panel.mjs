// The panel outside VS Code, with the host's own feed behind it. `node test/product/harness/panel.mjs [theme …]`
import { build } from 'esbuild'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { freePort, root, startBrowser } from '../../../.ci/editor-host.mjs'
import { themes } from './themes.mjs'

/** Loads TypeScript of ours that runs in Node. */
export async function load(entry, name) {
  const outfile = join(root, 'out', 'harness', `${name}.cjs`)
  await build({
    entryPoints: [join(root, entry)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
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
  { panelPage, answer },
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
    if (request.url.startsWith('/artifacts/'))
      return response.end(readFileSync(join(feed.path, decodeURIComponent(request.url))))
    response.setHeader('content-type', 'text/html')
    response.end(
      panelPage({ script: '/panel.js', cspSource: `http://localhost:${port}`, nonce, run: feed.path }),
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
    if (message.type === 'catch-up') return send(await feed.update(message.cursor, '/artifacts'))
    if (message.request === undefined) return undefined
    const { v, request, ...question } = message
    const found = await answer(feed, question)
    if (found.type === 'window')
      found.window.values = Object.fromEntries(
        Object.entries(found.window.values).map(([key, value]) => [
          key,
          Array.from(value, (one) => (Number.isNaN(one) ? null : one)),
        ]),
      )
    return send({ v, request, ...found })
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
        // letters of the same width on every machine, or the agreed pictures would be of another layout
        globalThis.document.documentElement.style.setProperty('--vscode-font-family', 'DejaVu Sans')
        globalThis.document.documentElement.style.setProperty(
          '--vscode-editor-font-family',
          'DejaVu Sans Mono',
        )
      })
    },
    { classes, style },
  )
  await tab.goto(`http://localhost:${port}/`)
  await tab.locator('thaw-panel thaw-tabs').waitFor()
  return {
    tab,
    problems,
    sent,
    theme: (name) => changeTheme(tab, name),
    changed: () => send({ v: 1, type: 'changed' }),
    close: () => (server.close(), tab.close()),
  }
}

/** What VS Code does to a page when a person chooses another theme. */
async function changeTheme(tab, name) {
  const { class: classes, ...variables } = themes[name]
  await tab.evaluate(
    ([classes, variables]) => {
      const { body, documentElement } = globalThis.document
      for (const one of [...documentElement.style])
        if (one.startsWith('--vscode-') && !one.endsWith('font-family'))
          documentElement.style.removeProperty(one)
      for (const [key, value] of Object.entries(variables))
        documentElement.style.setProperty(`--vscode-${key}`, value)
      body.className = classes
    },
    [classes, variables],
  )
  await settled(tab)
}

/** Waits until two pictures of the page, some frames apart, are the same; gives the last one. */
export async function settled(tab) {
  const take = () => tab.screenshot({ fullPage: true })
  let before = await take()
  for (let i = 0; i < 100; i++) {
    await tab.waitForTimeout(120)
    const now = await take()
    if (now.equals(before)) return now
    before = now
  }
  throw new Error('the page never comes to rest')
}

/** The host's half without an editor. */
export async function loadHost() {
  const [{ RunFeed }, { panelPage }, { answer }] = await Promise.all([
    load('src/extension/panel/feed.ts', 'feed'),
    load('src/extension/panel/page.ts', 'page'),
    load('src/extension/panel/answers.ts', 'answers'),
  ])
  return { RunFeed, panelPage, answer }
}

// node test/product/harness/panel.mjs [--run FOLDER] [--section NAME] [theme …]
if (process.argv[1] === new URL(import.meta.url).pathname) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { run: { type: 'string' }, section: { type: 'string' } },
  })
  const host = await loadHost()
  await buildPanel()
  const folder = mkdtempSync(join(tmpdir(), 'thaw-harness-'))
  let { run } = values
  if (!run) {
    const { Recorder } = await load('test/fixtures/editor/recording.ts', 'recording')
    const recorder = new Recorder(folder)
    recorder.take(186)
    run = recorder.folder.path
  }
  const feed = new host.RunFeed(run)
  const browser = await startBrowser('/usr/bin/chromium')
  mkdirSync(join(root, 'test-results'), { recursive: true })
  for (const theme of positionals.length ? positionals : Object.keys(themes)) {
    const panel = await openPanel(browser, feed, host, { theme })
    const { section } = values
    if (section) {
      await panel.tab.locator(`thaw-panel [data-section=${section}]`).click()
      await panel.tab.waitForTimeout(1200)
      // lays all other runs of the folder beside
      if (section === 'compare')
        for (const box of await panel.tab.locator('thaw-compare input[type=checkbox]').all())
          await box.click()
      await panel.tab.waitForTimeout(600)
    } else {
      await settled(panel.tab)
      const map = await panel.tab
        .locator('thaw-map .grid')
        .boundingBox()
        .catch(() => null)
      if (map) await panel.tab.mouse.move(map.x + map.width * 0.6, map.y + map.height * 0.55)
      await panel.tab.waitForTimeout(200)
    }
    await panel.tab.screenshot({
      path: join(root, `test-results/panel-${section ?? 'training'}-${theme}.png`),
    })
    for (const problem of panel.problems) console.log(`${theme}: ${problem}`)
    panel.close()
  }
  await browser.close()
  feed.dispose()
  rmSync(folder, { recursive: true, force: true })
}
