// The package itself, installed into a clean VS Code server: what a person gets, not what lies in the sources.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  address,
  endTrainers,
  provision,
  readJson,
  startBrowser,
  startServer,
} from '../../.ci/editor-host.mjs'
import { ownTarget, pack } from '../../.ci/package.mjs'
import { runsIn, until, Window } from './window.mjs'

let parts, browser, folder, vsix
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'thaw-package-'))
  parts = await provision()
  vsix = pack(ownTarget, folder)
  browser = await startBrowser(parts.chromium)
})
afterAll(async () => {
  await browser?.close()
  endTrainers(folder)
  rmSync(folder, { recursive: true, force: true })
})

describe('the package of this platform', () => {
  it('holds what runs and nothing else', () => {
    const names = execFileSync('unzip', ['-Z1', vsix], { encoding: 'utf8' }).trim().split('\n')
    for (const wanted of [
      'extension/dist/extension.js',
      'extension/dist/trainer.js',
      'extension/media/packaged/network/efficientnet-lite0.safetensors',
      'extension/media/walkthrough/see-hc.svg',
      'extension/node_modules/thaw-notebook-cells/index.js',
      'extension/docs/editor.md',
    ])
      expect(names).toContain(wanted)
    expect(names.filter((name) => /\.map$|^extension\/(src|test|webview|native|\.ci)\//.test(name))).toEqual(
      [],
    )
    const images = names.filter((name) => /@img\/sharp-/.test(name)).map((name) => name.split('/')[3])
    expect([...new Set(images)].sort()).toEqual([`sharp-libvips-${ownTarget}`, `sharp-${ownTarget}`].sort())
  })

  it('runs a run file to its end in an editor that knows nothing of the sources', async () => {
    const server = await startServer(parts)
    try {
      const flags = ['--server-data-dir', server.data, '--extensions-dir', join(server.data, 'extensions')]
      const done = spawnSync(parts.node, [parts.main, ...flags, '--install-extension', vsix], {
        encoding: 'utf8',
      })
      expect(done.stdout + done.stderr).toMatch(/successfully installed/)
      const run = {
        name: 'packed',
        model: { source: 'none', architecture: 'small_cnn', inputSize: 16 },
        data: { source: 'thaw:noto-drawings', shots: 2, transforms: 'none' },
        strategy: 'scratch',
        train: { steps: 3, batchSize: 4 },
        backend: 'wasm',
      }
      writeFileSync(join(folder, 'packed.thaw.json'), JSON.stringify(run))
      const context = await browser.newContext({ viewport: { width: 1440, height: 960 } })
      const page = await context.newPage()
      await page.goto(address(server, { workspace: folder, development: false }))
      await page.waitForSelector('.monaco-workbench .statusbar', { timeout: 120_000 })
      const window = new Window(page, context)
      await window.command('Thaw: Run')
      const [started] = await until('a run', () => runsIn(folder).length === 1 && runsIn(folder))
      const status = () =>
        existsSync(join(started, 'status.json')) ? readJson(join(started, 'status.json')) : {}
      await until('its end', () => ['finished', 'failed'].includes(status().state))
      expect(status().state).toBe('finished')
      await window.tab('packed')
      await window.frame('thaw-panel')
      await window.close()
    } finally {
      server.stop()
    }
  })
})
