import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runsFolder } from '../../src/events'
import { startRun } from '../../src/runner'
import { TestKernel, weightsIn } from './notebookKernel'
import { finished, readRun, runningAt, until } from './runs'
import { makeTinyData, tinySpec } from './tinyRun'

let base: string
let kernel: TestKernel
beforeAll(async () => {
  base = await makeTinyData()
  kernel = new TestKernel(base)
})
afterAll(() => kernel.close())

const start = (train: Record<string, unknown>) =>
  startRun({ spec: tinySpec(train), base, root: runsFolder(base) })

/** The last value that a cell shows, as JSON. */
const valueOf = async (code: string): Promise<unknown> =>
  JSON.parse((await kernel.ok(`console.log('value ' + JSON.stringify(${code}))`)).text.split('value ')[1]!)

test('a finished run: what it was, what its network says, and a session that goes on from it', async () => {
  const { folder } = await start({ steps: 10 })
  await finished(folder)
  await kernel.ok('const ran = await attach()')
  expect(await valueOf('[ran.state, ran.steps, ran.planned]')).toEqual(['finished', 10, 10])
  expect(await valueOf('(await ran.curves()).series.loss.steps')).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  expect(await valueOf('(await ran.freezeMap()).rows.every((row) => row.training.every(Boolean))')).toBe(true)
  expect(await valueOf('(await ran.layers()).some((layer) => layer.distance! > 0)')).toBe(true)
  expect(await valueOf('(await ran.predict("images/dark/1.png")).length')).toBe(1)
  // from its step 5 the same steps give the same weights
  await kernel.ok('const again = await ran.at(5); await again.step(5); await again.checkpoint()')
  const { sessions } = await kernel.host.sessions()
  const again = sessions.find(({ variable }) => variable === 'again')!
  expect(weightsIn(again.folder).equals(weightsIn(folder))).toBe(true)
  expect((await kernel.run('await ran.at(3)')).text).toMatch(
    /has checkpoints of steps .*5.*; take one of them/,
  )
  await kernel.ok('await again.close()')
})

test('a live run: paused, frozen, resumed and stopped from a cell; an interrupt ends the waiting alone', async () => {
  const { folder } = await start({ steps: 1_000_000 })
  await runningAt(folder, 2)
  await kernel.ok('const live = await attach()')
  expect(await valueOf('live.state')).toBe('running')
  await kernel.ok('await live.pause()')
  const waitFor = (state: string) =>
    kernel.ok(`while (live.state !== '${state}') await new Promise((r) => setTimeout(r, 50))`)
  await waitFor('paused')
  await kernel.ok(`await live.freeze('stage1'); await live.resume()`)
  await waitFor('running')
  const waiting = kernel.run(
    `import { writeFileSync } from 'node:fs'; writeFileSync('waits', ''); await live.finished()`,
  )
  await until('the cell to wait', () => existsSync(join(base, 'waits')))
  kernel.host.interrupt()
  expect((await waiting).result).toMatchObject({ ok: false, interrupted: true })
  await runningAt(folder, 3)
  await kernel.ok('await live.stop()')
  await finished(folder)
  await waitFor('stopped')
  const { view } = await readRun(folder)
  expect(
    view.controls.filter(({ source }) => source === 'notebook').map(({ action }) => action),
  ).toMatchObject([{ do: 'pause' }, { do: 'freeze', layers: ['stage1'] }, { do: 'resume' }, { do: 'stop' }])
  expect((await kernel.run('await attach("no-such-run")')).text).toContain('no-such-run')
})
