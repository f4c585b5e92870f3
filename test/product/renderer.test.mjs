import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { provision, root, startBrowser } from '../../.ci/editor-host.mjs'
import { displays } from '../fixtures/editor/displays.mjs'
import { buildRenderer, openRenderer } from './harness/renderer.mjs'

let browser
beforeAll(async () => {
  const { chromium } = await provision()
  await buildRenderer()
  browser = await startBrowser(chromium)
})
afterAll(() => browser?.close())

describe('the notebook renderer', () => {
  const all = displays(root)

  it.each(['dark', 'light', 'hc', 'hcl'])(
    'draws every display without eval, network or a barrier that axe finds: %s',
    async (theme) => {
      const shown = await openRenderer(browser, all, { theme })
      await shown.tab.screenshot({ path: join(root, `test-results/renderer-${theme}.png`), fullPage: true })
      expect([...shown.problems, ...(await shown.axe())]).toEqual([])
      for (const kind of Object.keys(all)) {
        const box = await shown.tab.locator(`#${kind} thaw-display`).boundingBox()
        expect(box.height, kind).toBeGreaterThan(20)
      }
      await shown.close()
    },
  )

  it('is listed for every display that there is', () => {
    const { contributes } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    const [{ mimeTypes }] = contributes.notebookRenderer
    expect([...mimeTypes].sort()).toEqual(
      Object.keys(all)
        .map((kind) => `application/vnd.thaw.${kind}+json`)
        .sort(),
    )
  })

  it('puts newer data into the output that is there, and asks for what it missed', async () => {
    const { tab, problems, close } = await openRenderer(browser, { step: all.step, table: all.table })
    expect(await tab.evaluate(() => globalThis.asked)).toEqual([{ type: 'newest', id: 's1' }])
    const steps = [...all.step.steps, 25]
    const grow = (list, value) => [...list, value]
    const next = {
      ...{ ...all.step, steps, done: 25 },
      loss: grow(all.step.loss, 0.1234),
      accuracy: grow(all.step.accuracy, 1),
      stages: all.step.stages.map((one) => ({
        ...{ ...one, update: grow(one.update, 1e-4) },
        moved: grow(one.moved, one.training),
      })),
    }
    const [before, after] = await tab.evaluate(async (data) => {
      const { document } = globalThis
      const canvases = () => {
        const root = document.querySelector('#step thaw-display').shadowRoot
        return [...root.querySelectorAll('thaw-lines, thaw-small-map')].map((one) =>
          one.shadowRoot.querySelector('canvas'),
        )
      }
      const display = document.querySelector('#step thaw-display')
      const old = canvases()
      const text = () => display.shadowRoot.textContent.replace(/\s+/g, ' ')
      const was = text()
      globalThis.tell({ type: 'update', id: 's1', mime: 'application/vnd.thaw.step+json', data })
      await display.updateComplete
      await new Promise((go) => setTimeout(go, 300))
      const same = canvases().every((one, i) => one === old[i]) && old.length === 2
      return [was, { text: text(), same: same && document.querySelector('#step thaw-display') === display }]
    }, next)
    expect(before).toContain('1 to 24 of 60, 24 of 40 asked for')
    expect(after.text).toContain('1 to 25 of 60, 25 of 40 asked for')
    expect(after.text).toContain('0.12')
    // not one canvas was made anew: nothing flickers
    expect(after.same).toBe(true)
    expect(problems).toEqual([])
    await close()
  })

  it('reads a freeze map out by keyboard, and as a table', async () => {
    const { tab, close } = await openRenderer(browser, { step: all.step })
    const map = tab.locator('#step thaw-small-map')
    await map.locator('.grid').focus()
    for (const key of ['ArrowDown', 'Home', 'ArrowRight']) await tab.keyboard.press(key)
    expect(await map.locator('[role=status]').innerText()).toMatch(
      /^stage1, step 2: declared frozen, did not move/,
    )
    await map.locator('summary').click()
    const row = map.locator('tbody tr', { hasText: 'stage2' })
    expect(await row.innerText()).toMatch(/training.*moved/s)
    await close()
  })
})
