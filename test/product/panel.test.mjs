import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { provision, startBrowser } from '../../.ci/editor-host.mjs'
import { differs } from './harness/golden.mjs'
import { buildPanel, loadHost, openPanel, settled } from './harness/panel.mjs'
import { picturesOf, record, strategies } from './harness/recorded.mjs'
import { until } from './window.mjs'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Share of a page that may look otherwise; a figure that is missing is a tenth of the smallest page. */
const TOLERANCE = 0.08

let browser, host, folder
const runs = {}

beforeAll(async () => {
  const { chromium } = await provision()
  host = await loadHost()
  await buildPanel()
  browser = await startBrowser(chromium)
  folder = mkdtempSync(join(tmpdir(), 'thaw-panel-'))
  for (const strategy of [...strategies, 'full'])
    runs[strategy] = await record(join(folder, 'runs'), strategy)
})
afterAll(async () => {
  await browser?.close()
  rmSync(folder, { recursive: true, force: true })
})

/** A panel with a section open, everything drawn. */
async function open(strategy, section, theme = 'dark', viewport = { width: 1240, height: 900 }) {
  const feed = new host.RunFeed(runs[strategy])
  const panel = await openPanel(browser, feed, host, { theme, viewport })
  await panel.tab.locator(`thaw-tabs [data-section=${section}]`).click()
  await settled(panel.tab)
  return {
    ...panel,
    /** What axe finds; `rules` names the few that a theme can break. */
    async barriers(...rules) {
      if (!(await panel.tab.evaluate(() => 'axe' in globalThis))) await panel.tab.evaluate(axe)
      const { violations } = await panel.tab.evaluate(
        (runOnly) =>
          globalThis.axe.run('thaw-panel', {
            resultTypes: ['violations'],
            ...(runOnly.length > 0 && { runOnly }),
          }),
        rules,
      )
      return violations.map(
        ({ id, help, nodes }) =>
          `${id}: ${help} (${nodes.map((node) => [node.target.flat().join(' '), node.any[0]?.message].join(' ')).join('; ')})`,
      )
    },
    close() {
      feed.dispose()
      return panel.close()
    },
  }
}

/** The page in dark and light is as agreed; in each of the four themes nothing keeps a person out. */
async function looksAsAgreed(panel, name) {
  expect(await panel.barriers(), name).toEqual([])
  for (const theme of ['dark', 'light', 'hc', 'hcl']) {
    if (theme !== 'dark') {
      await panel.theme(theme)
      expect(await panel.barriers('color-contrast'), `${name}, ${theme}`).toEqual([])
    }
    if (theme === 'dark' || theme === 'light')
      expect(
        await differs(`${name}-${theme}`, await settled(panel.tab)),
        `${name}, ${theme}: share of the page that looks otherwise than test/product/golden`,
      ).toBeLessThan(TOLERANCE)
  }
  expect(panel.problems, name).toEqual([])
}

describe('the Strategy section', () => {
  it.each(strategies)(
    'of %s has its pictures, as agreed, in four themes without a barrier',
    async (strategy) => {
      const panel = await open(strategy, 'strategy')
      const { tab } = panel
      const plots = tab.locator('thaw-plot')
      await until(
        'pictures',
        async () => (await plots.count()) > Object.keys(picturesOf(strategy)).length || undefined,
      )
      for (const name of await plots.evaluateAll((all) => all.map((one) => one.dataset.figure)))
        expect(await tab.locator(`thaw-plot[data-figure=${name}] svg > *`).count(), name).toBeGreaterThan(3)
      await looksAsAgreed(panel, `strategy-${strategy}`)
      await panel.close()
    },
  )

  it('is read off by keys alone and by the pointer, and its numbers and drawings are saved', async () => {
    const panel = await open('spottune', 'strategy', 'dark')
    const { tab, sent } = panel
    const plot = tab.locator('thaw-plot[data-figure=routing-classes]')
    // its table, which axe shall see too
    await plot.locator('summary').click()
    await plot.locator('table tbody tr').first().waitFor()
    expect(await panel.barriers()).toEqual([])
    await plot.locator('.stage').focus()
    const said = () => plot.locator('[role=status]').innerText()
    expect(await said()).toBe('')
    await tab.keyboard.press('ArrowRight')
    const first = await said()
    expect(first).toMatch(/^\w+: block stage\d\/block \d, tuned \d+ %, of \d+ images$/)
    await tab.keyboard.press('ArrowDown')
    expect(await said()).not.toBe(first)
    await tab.keyboard.press('Escape')
    expect(await said()).toBe('')
    const box = await plot.locator('.stage').boundingBox()
    await tab.mouse.move(box.x + box.width / 2, box.y + box.height / 2)
    expect(await said()).toMatch(/tuned/)
    const saved = async (format) => {
      await plot.locator('thaw-export button').first().click()
      await plot.locator(`[data-format=${format}]`).click()
      return until(format, () => sent.find((message) => message.type === 'save' && message.format === format))
    }
    const { content: csv } = await saved('csv')
    const { blocks, routed } = picturesOf('spottune').routing.data
    expect(csv.trim().split('\r\n')).toHaveLength(routed.byClass.length + 2)
    expect(csv.split('\r\n')[0]).toBe(['class', 'images', ...blocks.map(({ label }) => label)].join(','))
    const { content: drawing } = await saved('svg')
    expect(drawing).toMatch(/^<svg[^]*<rect[^]*<\/svg>$/)
    expect(drawing).not.toMatch(/var\(/)
    const { content: png } = await saved('png')
    expect(Buffer.from(png, 'base64').subarray(1, 4).toString()).toBe('PNG')
    // an image opens its file
    const images = tab.locator('thaw-plot[data-figure=routing-images] .stage')
    expect(await images.locator('image').count()).toBe(routed.samples.length)
    await images.focus()
    await tab.keyboard.press('ArrowRight')
    await tab.keyboard.press('Enter')
    expect(sent.at(-1)).toEqual({ v: 1, type: 'open', image: routed.samples[0].path })
    await panel.close()
  })

  it('of a baseline says so, and shows how far each stage went', async () => {
    const panel = await open('full', 'strategy', 'light')
    await panel.tab.locator('[data-state=baseline]').waitFor()
    await panel.tab.locator('thaw-plot[data-figure=stage-distances]').waitFor()
    expect([...panel.problems, ...(await panel.barriers())]).toEqual([])
    await panel.close()
  })
})

describe('each section', () => {
  it.each(['training', 'network', 'predictions', 'compare'])(
    '%s looks as agreed, in four themes without a barrier',
    async (section) => {
      const panel = await open('full', section)
      if (section === 'compare')
        for (const box of (await panel.tab.locator('thaw-compare input[type=checkbox]').all()).slice(0, 2)) {
          await box.click()
          await settled(panel.tab)
        }
      await panel.tab.mouse.move(0, 0)
      await looksAsAgreed(panel, section)
      await panel.close()
    },
  )
})

describe('the curves', () => {
  it('have other runs over them without a limit, and are read off by keys', async () => {
    const panel = await open('full', 'training', 'dark')
    const { tab } = panel
    await tab.locator('thaw-curves .choose summary').click()
    const boxes = tab.locator('thaw-curves .choose input')
    await boxes.first().waitFor()
    const count = await boxes.count()
    expect(count).toBe(strategies.length)
    for (let i = 0; i < count; i++) await boxes.nth(i).click()
    await tab.locator('thaw-curves .choose summary').click()
    await until(
      'all laid over',
      async () => (await tab.locator('thaw-curves .over [role=listitem]').count()) === count || undefined,
    )
    await tab.locator('thaw-curves .grid').focus()
    await tab.keyboard.press('End')
    const said = await tab.locator('thaw-curves .tip[role=status]').innerText()
    expect(said).toMatch(/^Step 240/)
    expect(said.match(/loss of/g)).toHaveLength(count)
    expect([...panel.problems, ...(await panel.barriers())]).toEqual([])
    await panel.close()
  })

  it('keep their charts while a run goes on: nothing is made anew', async () => {
    const panel = await open('full', 'training', 'dark')
    const { tab } = panel
    const marked = () =>
      tab.evaluate(() => {
        const find = (root, selector) => root.querySelector(selector)
        const training = find(find(globalThis.document, 'thaw-panel').shadowRoot, 'thaw-training')
        const curves = find(training.shadowRoot, 'thaw-curves').shadowRoot
        return [...curves.querySelectorAll('.chart canvas')].map((one) => {
          const known = one.marked === true
          one.marked = true
          return known
        })
      })
    expect(await marked()).toEqual([false, false, false, false])
    await panel.changed()
    await settled(tab)
    expect(await marked()).toEqual([true, true, true, true])
    await panel.close()
  })
})

describe('the graph of layers', () => {
  const said = (tab) => tab.locator('thaw-network [role=status]').innerText()

  it('is reached from a cell of the map by a key, with the layer in view, and leads back', async () => {
    const panel = await open('full', 'training')
    const { tab } = panel
    await tab.locator('thaw-map .grid').focus()
    await tab.keyboard.press('a')
    await tab.keyboard.press('g')
    await until('the graph', async () => /^stage3\.1\.depthwise/.test(await said(tab)) || undefined)
    expect(await said(tab)).toMatch(
      /conv 5×5, reads stage3\.1\.expand\.relu, output 12×12×80, values 6,000, declared frozen, alarm /,
    )
    const layer = tab.locator('thaw-network thaw-inspector')
    expect(await layer.locator('h2').innerText()).toBe('stage3.1.depthwise')
    await layer.locator('[data-part=elsewhere]').click()
    await tab.locator('thaw-training thaw-inspector').waitFor()
    expect(await tab.locator('thaw-training thaw-inspector h2').innerText()).toBe('stage3.1.depthwise')
    expect(panel.problems).toEqual([])
    await panel.close()
  })

  it('is walked, opened and folded by keys alone', async () => {
    const panel = await open('full', 'network')
    const { tab } = panel
    const lines = () => tab.locator('thaw-network svg[data-picture=network] .fold').count()
    const before = await lines()
    await tab.locator('thaw-network .stage').focus()
    await tab.keyboard.press('ArrowDown')
    expect(await said(tab)).toMatch(/^stem, open: 3 layers/)
    await tab.keyboard.press('ArrowLeft')
    await until('folded', async () => /^stem, folded/.test(await said(tab)) || undefined)
    await tab.keyboard.press('ArrowDown')
    await tab.keyboard.press('ArrowLeft')
    await until('folded', async () => /^stage1, folded/.test(await said(tab)) || undefined)
    expect(await lines()).toBe(before - 1)
    await tab.keyboard.press('ArrowRight')
    await until('open', async () => /^stage1, open/.test(await said(tab)) || undefined)
    expect(await lines()).toBe(before)
    await panel.close()
  })

  it('says so when an older Thaw recorded the run', async () => {
    const path = await record(join(folder, 'older'), 'full', { told: false })
    const feed = new host.RunFeed(path)
    const panel = await openPanel(browser, feed, host)
    await panel.tab.locator('thaw-tabs [data-section=network]').click()
    await panel.tab.locator('[data-state=untold]').waitFor()
    feed.dispose()
    await panel.close()
  })
})

describe('bad luck', () => {
  it('has a button that goes on with a run whose trainer was killed', async () => {
    const path = await record(join(folder, 'killed'), 'full', { ended: false, killed: true })
    const feed = new host.RunFeed(path, 100)
    await until('the feed to notice', () => feed.update().head.resume)
    const panel = await openPanel(browser, feed, host)
    await panel.tab.locator('[data-trouble=killed]').waitFor()
    await panel.tab.locator('thaw-header [data-part=go-on]').click()
    await until('the host to hear of it', () => panel.sent.some(({ way }) => way === 'resume'))
    feed.dispose()
    await panel.close()
  })

  it('has buttons that lead on: a run folder that was deleted under the panel', async () => {
    const path = await record(join(folder, 'gone'), 'full')
    const feed = new host.RunFeed(path, 100)
    const panel = await openPanel(browser, feed, host, { theme: 'light' })
    rmSync(path, { recursive: true })
    await until('the feed to notice', () => feed.update().head.trouble)
    await panel.changed()
    const banner = panel.tab.locator('[data-trouble=gone]')
    await banner.waitFor()
    expect(await panel.tab.locator('thaw-curves canvas').count()).toBeGreaterThan(0)
    await banner.locator('[data-way=close]').click()
    expect(panel.sent.at(-1)).toEqual({ v: 1, type: 'way', way: 'close' })
    feed.dispose()
    await panel.close()
  })
})
