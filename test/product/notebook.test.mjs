import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { provision, root, startBrowser, startServer } from '../../.ci/editor-host.mjs'
import { openWindow, until } from './window.mjs'

const pictures = join(root, 'test-results')
let browser, server, workspace

const theme = (name) => {
  mkdirSync(join(workspace, '.vscode'), { recursive: true })
  writeFileSync(join(workspace, '.vscode/settings.json'), JSON.stringify({ 'workbench.colorTheme': name }))
}

beforeAll(async () => {
  mkdirSync(pictures, { recursive: true })
  const parts = await provision()
  browser = await startBrowser(parts.chromium)
  workspace = mkdtempSync(join(tmpdir(), 'thaw-notebook-'))
  server = await startServer(parts)
})

afterAll(async () => {
  await browser?.close()
  server?.stop()
  rmSync(workspace, { recursive: true, force: true })
})

describe('the first steps in a notebook', () => {
  it('are run, looked at in two themes, and stand the test of axe', async () => {
    theme('Default Dark Modern')
    writeFileSync(
      join(workspace, 'first-steps.thawnb'),
      readFileSync(join(root, 'examples/first-steps.thawnb'), 'utf8'),
    )
    const window = await openWindow(browser, server, {
      workspace,
      viewport: { width: 1440, height: 2600 },
    })
    // a notebook that is opened before its extension is scanned is shown as text
    await window.offers('Thaw: Run')
    await window.page.keyboard.press('Escape')
    await window.open('first-steps.thawnb')
    await window.page.keyboard.press('Control+b')
    await window.page.getByText('Run All', { exact: true }).first().click({ timeout: 60_000 })
    const frame = await window.frame('thaw-display', 180_000)
    // live: steps are told while they are taken, in the output that is there
    const steps = frame.locator('section.thaw-step').first()
    await steps.waitFor({ timeout: 180_000 })
    await window.page.screenshot({ path: join(pictures, 'notebook-live.png') })
    await until('the comparison', async () => (await frame.locator('thaw-small-map').count()) >= 5, 280_000)
    await window.status('Thaw kernel idle')
    await window.page.waitForTimeout(1500)
    await window.page.screenshot({ path: join(pictures, 'notebook-dark.png') })
    // what was frozen in the middle of a cell is no alarm
    expect(await frame.locator('thaw-small-map .legend').first().innerText()).not.toContain('▲')
    expect(existsSync(join(workspace, 'first-steps.thaw.json'))).toBe(true)
    const problems = await window.axe(frame, 'thaw-display')
    theme('Default Light Modern')
    await until('the light theme', () =>
      frame.evaluate(() => globalThis.document.body.classList.contains('vscode-light')),
    )
    await window.page.waitForTimeout(1500)
    await window.page.screenshot({ path: join(pictures, 'notebook-light.png') })
    problems.push(...(await window.axe(frame, 'thaw-display')))
    expect(problems).toEqual([])
    await window.close()
  })
})
