// One window of a real VS Code, with what tests do in it.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { address } from '../../.ci/editor-host.mjs'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

export async function openWindow(
  browser,
  server,
  { workspace, file, viewport = { width: 1440, height: 960 } },
) {
  const context = await browser.newContext({ viewport })
  const page = await context.newPage()
  const url = new URL(address(server, { workspace }))
  if (file) {
    const payload = JSON.parse(url.searchParams.get('payload'))
    payload.push(['openFile', `vscode-remote://localhost:${server.port}${file}`])
    url.searchParams.set('payload', JSON.stringify(payload))
  }
  await page.goto(url.href)
  await ready(page)
  return new Window(page, context)
}

const ready = (page) => page.waitForSelector('.monaco-workbench .statusbar', { timeout: 120_000 })

export class Window {
  constructor(page, context) {
    this.page = page
    this.context = context
  }

  /** Types into the command palette; the texts of what it offers. */
  async palette(text) {
    const input = this.page.locator('.quick-input-widget input.input')
    for (const end = Date.now() + 60_000; ;) {
      await this.page.keyboard.press('F1')
      try {
        await input.waitFor({ state: 'visible', timeout: 5000 })
        await input.fill(`>${text}`, { timeout: 3000 })
        break
      } catch (error) {
        // a view that is opening takes the key, or the focus that keeps the palette open
        if (Date.now() > end) throw error
      }
    }
    await this.page.waitForTimeout(1500)
    return this.page.locator('.quick-input-list .monaco-list-row').allInnerTexts()
  }

  async command(title) {
    const row = await this.offers(title)
    await this.page.locator('.quick-input-list .monaco-list-row').nth(row).click()
  }

  /** A notice, in the list of notices: under test the editor shows no toasts. */
  async notice(text, ms = 60_000) {
    await this.command('Notifications: Show Notifications')
    const found = this.page
      .locator('.notifications-center .notification-list-item', { hasText: text })
      .first()
    await found.waitFor({ timeout: ms })
    return found
  }

  /** Waits until the palette offers a command, since extensions are scanned after the window is there; its row. */
  async offers(title) {
    for (const end = Date.now() + 90_000; ; await this.page.waitForTimeout(1000)) {
      const offered = await this.palette(title)
      const row = offered.findIndex((one) => one.split('\n')[0].trim() === title)
      if (row >= 0) return row
      if (Date.now() > end) throw new Error(`no command ${title} among: ${offered.slice(0, 5).join(' | ')}`)
      await this.page.keyboard.press('Escape')
    }
  }

  /** Opens a file of the workspace by its name. */
  async open(name) {
    await this.page.keyboard.press('Control+P')
    await this.page.locator('.quick-input-widget input.input').fill(name)
    await this.page
      .locator('.quick-input-list .monaco-list-row', { hasText: name })
      .first()
      .click({ timeout: 60_000 })
    await this.tab(name)
  }

  /** Waits for a word in the status bar. */
  async status(word) {
    await this.page.locator('.statusbar-item', { hasText: word }).first().waitFor({ timeout: 90_000 })
  }

  /** Clicks the lens above the first line of a run file. */
  async lens(name) {
    await this.page.locator('.codelens-decoration a', { hasText: name }).first().click({ timeout: 120_000 })
  }

  async tab(name) {
    await this.page.locator('.tabs-container .tab', { hasText: name }).first().waitFor({ timeout: 120_000 })
  }

  /** The frame that holds an element of ours. */
  async frame(selector, ms = 90_000) {
    for (const end = Date.now() + ms; Date.now() < end; await this.page.waitForTimeout(200))
      for (const frame of this.page.frames()) {
        const found = await frame
          .evaluate((wanted) => globalThis.document.querySelector(wanted) !== null, selector)
          .catch(() => false)
        if (found) return frame
      }
    throw new Error(`no frame with ${selector} within ${ms} ms`)
  }

  async reload() {
    // an address that names a file opens that file in place of the tabs of before
    await this.page.evaluate(() => {
      const { location, history } = globalThis
      const url = new URL(location.href)
      const payload = JSON.parse(url.searchParams.get('payload') ?? '[]')
      url.searchParams.set('payload', JSON.stringify(payload.filter(([name]) => name !== 'openFile')))
      history.replaceState(history.state, '', url)
    })
    // the editor's own command writes down the open tabs first, which a reload of the page does not wait for
    const loaded = this.page.waitForEvent('load', { timeout: 120_000 })
    await this.command('Developer: Reload Window')
    await loaded
    await ready(this.page)
  }

  /** Rules of axe-core that the frame breaks, as sentences. */
  async axe(frame, selector) {
    await frame.evaluate(axe)
    const result = await frame.evaluate(
      (at) => globalThis.axe.run(at, { resultTypes: ['violations'] }),
      selector,
    )
    return result.violations.map(
      (one) =>
        `${one.id}: ${one.help} (${one.nodes.map((node) => [node.target.flat().join(' '), node.any[0]?.message ?? node.all[0]?.message ?? ''].join(' ')).join('; ')})`,
    )
  }

  close() {
    return this.context.close()
  }
}

/** Run folders of a workspace folder; what begins with a dot is the queue's. */
export function runsIn(folder) {
  const runs = join(folder, '.thaw', 'runs')
  const names = existsSync(runs) ? readdirSync(runs).filter((name) => !name.startsWith('.')) : []
  return names.map((name) => join(runs, name))
}

export async function until(what, look, ms = 120_000) {
  for (const end = Date.now() + ms; Date.now() < end; await new Promise((go) => setTimeout(go, 200))) {
    const found = await look()
    if (found) return found
  }
  throw new Error(`${what} did not come within ${ms} ms`)
}
