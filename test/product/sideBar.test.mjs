// Thaw around its panel: walkthrough, side bar, status bar, notices, keyboard.
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { endTrainers, provision, readJson, root, startBrowser, startServer } from '../../.ci/editor-host.mjs'
import { openWindow, runsIn, until } from './window.mjs'

const pictures = join(root, 'test-results')
const THEMES = {
  dark: 'Default Dark Modern',
  light: 'Default Light Modern',
  hc: 'Default High Contrast',
  hcl: 'Default High Contrast Light',
}
/** What the workbench is marked with once a theme is on. */
const MARKS = { dark: 'vs-dark', light: 'vs', hc: 'hc-black', hcl: 'hc-light' }
let parts, browser, server
const workspaces = []

function workspace() {
  const folder = mkdtempSync(join(tmpdir(), 'thaw-side-'))
  workspaces.push(folder)
  return folder
}

const put = (folder, name, content) => {
  const path = join(folder, name)
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content, null, 2))
  return path
}

/** A folder of images as a person has it: no train, no test, one folder a class. */
function photos(folder, each) {
  const from = join(root, 'media', 'packaged', 'drawings', 'test')
  for (const label of ['bird', 'building', 'vehicle'])
    for (const file of readdirSync(join(from, label)).slice(0, each))
      cpSync(join(from, label, file), join(folder, 'photos', label, file))
}

const tiny = (name, steps) => ({
  name,
  model: { source: 'none', architecture: 'small_cnn', inputSize: 16 },
  data: { source: 'photos' },
  strategy: 'scratch',
  train: { steps, batchSize: 4, checkpoints: { every: 5 } },
  backend: 'wasm',
})

/** Puts a theme on and waits until it is. */
async function wear(page, folder, name) {
  put(folder, '.vscode/settings.json', { 'workbench.colorTheme': THEMES[name] })
  await page.locator(`.monaco-workbench.${MARKS[name]}`).waitFor({ timeout: 60_000 })
  await page.waitForTimeout(500)
}

const status = (run) => {
  try {
    return readJson(join(run, 'status.json'))
  } catch {
    return undefined
  }
}

beforeAll(async () => {
  mkdirSync(pictures, { recursive: true })
  parts = await provision()
  browser = await startBrowser(parts.chromium)
  server = await startServer(parts)
})

afterAll(async () => {
  await browser?.close()
  server?.stop()
  for (const folder of workspaces) {
    endTrainers(folder)
    rmSync(folder, { recursive: true, force: true })
  }
})

afterEach(async ({ task }) => {
  for (const context of browser.contexts()) {
    for (const page of task.result?.state === 'fail' ? context.pages() : [])
      await page.screenshot({ path: join(pictures, `failed-${task.name.replace(/\W+/g, '-')}.png`) })
    await context.close()
  }
})

describe('the walkthrough', () => {
  it('leads from a folder of images to a finished run, by its own buttons', async () => {
    const folder = workspace()
    photos(folder, 5)
    const window = await openWindow(browser, server, { workspace: folder })
    const { page } = window
    await window.command('Thaw: Get Started')
    const step = (title) => page.locator('.getting-started-step', { hasText: title })
    const done = (title) => step(title).locator('.codicon.complete').waitFor({ timeout: 120_000 })
    const press = async (title, button) => {
      await step(title).click()
      await page.locator('.getting-started-step.expanded .monaco-button', { hasText: button }).first().click()
    }
    const back = async () => {
      await page.locator('.tabs-container .tab', { hasText: 'Welcome' }).first().click()
    }
    await done('Open a folder')
    for (const name of Object.keys(THEMES)) {
      await wear(page, folder, name)
      await step('See what moved').click()
      await page.waitForTimeout(1500)
      await page.screenshot({ path: join(pictures, `editor-walkthrough-${name}.png`) })
    }
    await press('Write a run file', 'Fine-Tune a Folder of Images')
    await page.locator('.quick-input-list .monaco-list-row', { hasText: 'photos' }).first().click()
    await window.tab('photos.thaw.json')
    await back()
    await done('Write a run file')
    await press('Check it', 'Preflight')
    await (await window.notice('Ready: ', 180_000)).waitFor()
    await page.keyboard.press('Escape')
    await done('Check it')
    await press('Run it', 'Run')
    await window.tab('photos')
    await window.status('photos')
    const [run] = await until('the run', () => runsIn(folder).length === 1 && runsIn(folder))
    await until('its end', () => status(run)?.state === 'finished', 240_000)
    expect(readJson(join(run, 'spec.json')).spec.data.source).toBe('photos')
    await back()
    for (const title of ['Open a folder', 'Write a run file', 'Check it', 'Run it', 'See what moved'])
      await done(title)
    // its accuracy stands in the status bar, with interval and count in words
    const item = page.locator('.statusbar-item[aria-label*="balanced accuracy"]').first()
    await item.waitFor({ timeout: 30_000 })
    expect(await item.getAttribute('aria-label')).toMatch(
      /photos: finished, balanced accuracy \d\.\d{3} \(\d\.\d{3} to \d\.\d{3}\) on \d+ test images/,
    )
    await page.screenshot({ path: join(pictures, 'editor-walkthrough-done.png') })
    await window.close()
  })

  it('has drawings for who has no images', async () => {
    const folder = workspace()
    const window = await openWindow(browser, server, { workspace: folder })
    await window.command('Thaw: Get Started')
    await window.page.locator('.getting-started-step', { hasText: 'Write a run file' }).click()
    await window.page
      .locator('.getting-started-step.expanded .monaco-button', { hasText: 'Use the Packaged Drawings' })
      .click()
    await window.tab('drawings.thaw.json')
    expect(readFileSync(join(folder, 'drawings.thaw.json'), 'utf8')).toContain('thaw:noto-drawings')
    await window.close()
  })
})

describe('a trainer that is killed', () => {
  it('is told calmly in list, status bar and a notice, and goes on from its checkpoint by one button', async () => {
    const folder = workspace()
    photos(folder, 5)
    const file = put(folder, 'killed.thaw.json', tiny('killed', 400))
    const window = await openWindow(browser, server, { workspace: folder, file })
    const { page } = window
    await window.tab('killed.thaw.json')
    await window.lens('Run')
    const [run] = await until('the run', () => runsIn(folder).length === 1 && runsIn(folder))
    await until('a checkpoint', () => existsSync(join(run, 'checkpoints')) && (status(run)?.step ?? 0) > 8)
    await window.command('Thaw: Focus on Runs View')
    const { pid } = status(run)
    process.kill(pid, 'SIGKILL')
    const notice = await window.notice('ended without a word at step')
    await window.status('killed interrupted')
    const row = page.locator('.pane-body .monaco-list-row', { hasText: 'interrupted' }).first()
    await row.waitFor({ timeout: 60_000 })
    await page.screenshot({ path: join(pictures, 'editor-killed.png') })
    await notice.locator('.monaco-button', { hasText: 'Resume' }).click()
    await until('another process', () => status(run)?.attempt === 2 && status(run).pid !== pid)
    await until('the end', () => status(run)?.state === 'finished', 240_000)
    await page
      .locator('.pane-body .monaco-list-row', { hasText: /killed.*[01]\.\d{3}/ })
      .first()
      .waitFor()
    const steps = readFileSync(join(run, 'events.jsonl'), 'utf8')
      .split('\n')
      .filter((line) => line.includes('"kind":"step"'))
      .map((line) => JSON.parse(line))
    const told = new Set(steps.map(({ step }) => step))
    expect([...Array(400).keys()].filter((i) => !told.has(i + 1))).toEqual([])
    await window.close()
  })
})

describe('the side bar', () => {
  it('is used by keyboard alone, and has no barrier that axe finds in four themes', async () => {
    const folder = workspace()
    photos(folder, 5)
    put(folder, 'keys.thaw.json', tiny('keys', 6))
    const window = await openWindow(browser, server, { workspace: folder })
    const { page } = window
    const key = async (...names) => {
      for (const name of names) await page.keyboard.press(name)
    }
    /** By keys only: the palette, its text, Enter. */
    const command = async (title) => {
      const row = await window.offers(title)
      await key(...Array(row).fill('ArrowDown'), 'Enter')
    }
    /** Gives a view the focus and goes to its first row; keys sent before the editor has moved the focus are lost. */
    const firstRow = async (title, view) => {
      for (const end = Date.now() + 90_000; ; await page.waitForTimeout(1000)) {
        await command(title)
        const list = page.locator('.pane', { hasText: view }).locator('.monaco-list:focus')
        try {
          await list.waitFor({ timeout: 10_000 })
          await key('Home')
          await list.locator('.monaco-list-row.focused').waitFor({ timeout: 5000 })
          return
        } catch (error) {
          if (Date.now() > end) throw error
        }
      }
    }
    await command('Thaw: Run')
    const [run] = await until('the run', () => runsIn(folder).length === 1 && runsIn(folder))
    await until('its end', () => status(run)?.state === 'finished')
    await command('Thaw: Focus on Runs View')
    await page
      .locator('.pane-body .monaco-list-row', { hasText: 'keys' })
      .first()
      .waitFor({ timeout: 60_000 })
    await command('View: Close All Editors')
    await page.locator('.tabs-container .tab').waitFor({ state: 'detached', timeout: 60_000 })
    await firstRow('Thaw: Focus on Runs View', 'Runs')
    await key('Enter')
    await window.tab('keys')
    const problems = []
    await command('Thaw: Focus on Models and Data View')
    await page
      .locator('.monaco-list-row', { hasText: 'Networks in the package' })
      .waitFor({ timeout: 60_000 })
    await command('Thaw: Focus on Strategies View')
    await page.locator('.monaco-list-row', { hasText: 'Baselines' }).waitFor({ timeout: 60_000 })
    for (const name of Object.keys(THEMES)) {
      await wear(page, folder, name)
      await page.screenshot({ path: join(pictures, `editor-side-bar-${name}.png`) })
      // the rows that we fill; the frame around them is the editor's own
      const found = await window.axe(page.mainFrame(), '.part.sidebar .pane-body .monaco-list-rows')
      // the name of a row is made by the editor, title and description with a comma between
      const ours = found.filter((one) => !one.startsWith('label-content-name-mismatch'))
      problems.push(...ours.map((one) => `${name}: ${one}`))
    }
    expect(problems).toEqual([])
    await firstRow('Thaw: Focus on Runs View', 'Runs')
    await key('Delete')
    await page
      .locator('.monaco-dialog-box', { hasText: 'Delete the run "keys"' })
      .waitFor({ timeout: 30_000 })
    await key('Enter')
    await until('the run to be gone', () => runsIn(folder).length === 0)
    await page.locator('.pane-body .welcome-view', { hasText: 'There are no runs here yet' }).waitFor()
    await page.screenshot({ path: join(pictures, 'editor-no-runs.png') })
    await window.close()
  })
})
