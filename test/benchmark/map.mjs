// The freeze map of a large run in a real chromium: `npm run bench -- map [--layers N] [--steps N]`, one JSON line.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startBrowser } from '../../.ci/editor-host.mjs'
import { median } from './compare.mjs'
import { buildPanel, load, loadHost, openPanel } from '../product/harness/panel.mjs'

const MEASURES = ['updateRatio', 'moved', 'distance']

/** The host's half: from the question to the answer, after the run has been read once. */
async function hostTimes(feed, steps, columns) {
  const times = []
  for (let i = 0; i < 9; i++) {
    const began = globalThis.performance.now()
    await feed.window(MEASURES, 0, steps, columns)
    times.push(globalThis.performance.now() - began)
  }
  return times
}

/** In the page: times of opening (the answer is there, until the picture is on the screen), then of frames while it pans. */
async function inPage({ folded, frames }) {
  const find = (root, name) => root.querySelector(name)
  const training = find(find(globalThis.document, 'thaw-panel').shadowRoot, 'thaw-training')
  const map = find(training.shadowRoot, 'thaw-map')
  const frame = () => new Promise((go) => globalThis.requestAnimationFrame(go))
  const painted = async () => {
    await training.updateComplete
    await map.updateComplete
    await frame()
    await frame()
  }
  const stages = new Set(training.data.run.layers.map(({ stage }) => stage))
  training.folds = Object.fromEntries([...stages].map((stage) => [stage, folded]))
  await painted()
  const answer = training.window
  // what the editor's message does to the arrays: one copy
  training.host.ask = async () => {
    const values = Object.fromEntries(Object.entries(answer.values).map(([key, list]) => [key, list.slice()]))
    return { type: 'window', window: { ...answer, values } }
  }
  const open = []
  for (let i = 0; i < 9; i++) {
    training.window = undefined
    await painted()
    const began = globalThis.performance.now()
    training.window = { ...answer }
    await training.updateComplete
    await map.updateComplete
    const drawn = globalThis.performance.now()
    await frame()
    open.push({ script: drawn - began, shown: globalThis.performance.now() - began })
  }
  training.range = { from: 200, to: 1200 }
  await painted()
  const body = find(training.shadowRoot, '.body')
  const times = []
  let last = await frame()
  for (let i = 0; i < frames; i++) {
    const deltaY = i < frames / 2 ? 8 : -8
    body.dispatchEvent(
      new globalThis.WheelEvent('wheel', { deltaY, shiftKey: true, bubbles: true, cancelable: true }),
    )
    const now = await frame()
    times.push(now - last)
    last = now
  }
  return { open, times }
}

export async function benchMap(args) {
  const { values } = parseArgs({
    args,
    options: { layers: { type: 'string', default: '500' }, steps: { type: 'string', default: '2000' } },
  })
  const [layers, steps] = [Number(values.layers), Number(values.steps)]
  const folder = mkdtempSync(join(tmpdir(), 'thaw-bench-map-'))
  const { writeRun } = await load('test/benchmark/mapRun.ts', 'mapRun')
  const host = await loadHost()
  await buildPanel()
  const feed = new host.RunFeed(writeRun(folder, layers, steps))
  const browser = await startBrowser('/usr/bin/chromium')
  try {
    while (feed.current.step < steps) await new Promise((go) => setTimeout(go, 20))
    const first = globalThis.performance.now()
    await feed.window(MEASURES, 0, steps, 269)
    const read = globalThis.performance.now() - first
    const answer = median(await hostTimes(feed, steps, 269))
    const panel = await openPanel(browser, feed, host, { viewport: { width: 1334, height: 900 } })
    await panel.tab.waitForFunction(() => {
      const training = globalThis.document
        .querySelector('thaw-panel')
        .shadowRoot.querySelector('thaw-training')
      return training?.window !== undefined
    })
    for (const folded of [true, false]) {
      const { open, times } = await panel.tab.evaluate(inPage, { folded, frames: 120 })
      const round = (value) => Number(value.toPrecision(3))
      console.log(
        JSON.stringify({
          bench: `freeze map, ${layers} layers x ${steps} steps, ${folded ? 'stages folded (as it opens)' : 'every layer shown'}`,
          ...{ host_first_read_ms: round(read), host_answer_ms: round(answer) },
          open_script_ms: round(median(open.map(({ script }) => script))),
          open_shown_ms: round(median(open.map(({ shown }) => shown))),
          open_ms: round(answer + median(open.map(({ shown }) => shown))),
          pan_frames_per_second: round(1000 / (times.reduce((a, b) => a + b, 0) / times.length)),
          pan_worst_frame_ms: round(Math.max(...times)),
        }),
      )
    }
    await panel.close()
  } finally {
    await browser.close()
    feed.dispose()
    rmSync(folder, { recursive: true, force: true })
  }
}
