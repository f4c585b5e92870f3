// The notebook renderer outside VS Code, on made-up displays. `node test/product/harness/renderer.mjs [theme …]`
import { build } from 'esbuild'
import { mkdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { freePort, root, startBrowser } from '../../../.ci/editor-host.mjs'
import { displays } from '../../fixtures/editor/displays.mjs'
import { themes } from './themes.mjs'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

export async function buildRenderer() {
  await build({
    absWorkingDir: root,
    entryPoints: { renderer: 'webview/renderer/main.ts' },
    outdir: 'out/harness',
    bundle: true,
    platform: 'browser',
    target: 'es2022',
    format: 'esm',
    keepNames: true,
    tsconfig: 'webview/tsconfig.json',
    loader: { '.css': 'text' },
    logLevel: 'warning',
  })
}

const page = (theme) => {
  const { class: classes, ...variables } = themes[theme]
  const style = Object.entries(variables).map(([key, value]) => `--vscode-${key}:${value}`)
  // no eval, no network: what a chart must do without
  return `<!doctype html><html lang="en"><head><title>outputs</title><meta charset="utf-8">
    <meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:">
    <style>:root{${style.join(';')};--vscode-font-family:Inter,system-ui,sans-serif}
    body{margin:0;background:var(--vscode-editor-background)}main{padding:8px 24px}main>div{margin-bottom:16px}</style></head>
    <body class="${classes}"><main></main><script type="module">import { activate } from '/renderer.js'; globalThis.activate = activate</script></body></html>`
}

/** A page that shows displays by kind, with what it logged and the rules of axe that it breaks. */
export async function openRenderer(browser, data, { theme = 'dark', width = 1160 } = {}) {
  const port = await freePort()
  const server = createServer((request, response) => {
    if (request.url.endsWith('renderer.js')) {
      response.setHeader('content-type', 'text/javascript')
      return response.end(readFileSync(join(root, 'out/harness/renderer.js')))
    }
    response.setHeader('content-type', 'text/html')
    response.end(page(theme))
  }).listen(port)
  const tab = await browser.newPage({ viewport: { width, height: 900 } })
  const problems = []
  tab.on('console', (one) => ['error', 'warning'].includes(one.type()) && problems.push(one.text()))
  tab.on('pageerror', (error) => problems.push(error.stack ?? error.message))
  await tab.goto(`http://localhost:${port}/`)
  await tab.waitForFunction(() => globalThis.activate !== undefined)
  await tab.evaluate((shown) => {
    const { activate, document } = globalThis
    globalThis.asked = []
    globalThis.renderer = activate({
      postMessage: (message) => globalThis.asked.push(message),
      onDidReceiveMessage: (take) => (globalThis.tell = take),
    })
    for (const [kind, data] of Object.entries(shown)) {
      const element = document.createElement('div')
      element.id = kind
      document.querySelector('main').append(element)
      const item = { id: kind, mime: `application/vnd.thaw.${kind}+json`, json: () => data }
      globalThis.renderer.renderOutputItem(item, element)
    }
  }, data)
  await tab.waitForTimeout(1500)
  return {
    tab,
    problems,
    async axe() {
      await tab.addScriptTag({ content: axe })
      const { violations } = await tab.evaluate(() =>
        globalThis.axe.run('main', { resultTypes: ['violations'] }),
      )
      return violations.map(
        (one) =>
          `${one.id}: ${one.help} (${one.nodes.map((node) => `${node.target.flat().join(' ')} ${node.any[0]?.message ?? ''}`).join('; ')})`,
      )
    },
    close: () => (server.close(), tab.close()),
  }
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  await buildRenderer()
  const browser = await startBrowser('/usr/bin/chromium')
  mkdirSync(join(root, 'test-results'), { recursive: true })
  const wanted = process.argv.slice(2)
  for (const theme of wanted.length > 0 ? wanted : Object.keys(themes)) {
    const shown = await openRenderer(browser, displays(root), { theme })
    await shown.tab.screenshot({ path: join(root, `test-results/renderer-${theme}.png`), fullPage: true })
    for (const problem of [...shown.problems, ...(await shown.axe())]) console.log(`${theme}: ${problem}`)
    await shown.close()
  }
  await browser.close()
}
