import { rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { writeStatus, type RunEvent, type RunStatus } from '../../../src/events'
import { RunWatcher } from '../../../src/runner'
import { startedBody, stepBody } from '../events/arbitraries'
import { attemptOf, ended, gone, makeRoot, makeRun } from './folders'

let root: string
let watcher: RunWatcher | undefined
beforeEach(() => {
  root = makeRoot()
})
afterEach(() => {
  watcher?.dispose()
  rmSync(root, { recursive: true })
})

function watch(path: string, cursor = 0, pollMs = 30) {
  const seen: RunEvent[] = []
  const over: string[] = []
  const last = { cursor }
  watcher = new RunWatcher(path, {
    cursor,
    pollMs,
    onEvents(batch) {
      seen.push(...batch.events)
      last.cursor = batch.cursor
    },
    onOver: (how) => over.push(how),
  }).start()
  return { seen, over, last }
}

const status = (path: string, changes: Partial<RunStatus>) =>
  writeStatus(path, { ...gone, attempt: 1, heartbeat: 0, state: 'running', step: 1, steps: 9, ...changes })

test('an event is given as soon as it is written, long before the next poll', async () => {
  const folder = makeRun(root, 'one')
  const writer = attemptOf(folder)
  writer.append(startedBody(0))
  const { seen } = watch(folder.path, 0, 60_000)
  await expect.poll(() => seen.length).toBe(1)
  writer.append(stepBody(1))
  await expect.poll(() => seen.length).toBe(2)
})

test('a watcher that goes on at a cursor gives the rest and nothing twice', async () => {
  const folder = makeRun(root, 'one')
  const writer = attemptOf(folder)
  for (let step = 1; step <= 5; step++) writer.append(stepBody(step))
  const first = watch(folder.path)
  await expect.poll(() => first.seen.length).toBe(5)
  watcher!.dispose()
  for (let step = 6; step <= 9; step++) writer.append(stepBody(step))
  const second = watch(folder.path, first.last.cursor)
  await expect.poll(() => second.seen.length).toBe(4)
  expect([...first.seen, ...second.seen].map((event) => event.seq)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8])
})

test('a run is over when its process has let go, not when it says so, and its last words come first', async () => {
  const folder = makeRun(root, 'one')
  const writer = attemptOf(folder)
  const { seen, over } = watch(folder.path)
  writer.append(ended('stopped'))
  await expect.poll(() => seen.length).toBe(1)
  await sleep(120)
  expect(over).toEqual([])
  status(folder.path, { state: 'stopped' })
  await expect.poll(() => over).toEqual(['ended'])
  // resumed: the old end does not count for the new attempt
  attemptOf(folder).append(startedBody(1))
  await expect.poll(() => seen.length).toBe(2)
  await sleep(100)
  expect(over).toEqual(['ended'])
})

test('a resumed run is not over because its first attempt was', async () => {
  const folder = makeRun(root, 'one')
  attemptOf(folder, gone, { state: 'stopped' }).append(ended('stopped'))
  attemptOf(folder)
  const { seen, over } = watch(folder.path)
  await expect.poll(() => seen.length).toBe(1)
  await sleep(120)
  expect(over).toEqual([])
})

test('a run whose process or folder is gone without a word is interrupted, told once', async () => {
  const folder = makeRun(root, 'one')
  attemptOf(folder, gone).append(stepBody(1))
  const { seen, over } = watch(folder.path)
  await expect.poll(() => over).toEqual(['interrupted'])
  expect(seen).toHaveLength(1)
  await sleep(120)
  expect(over).toEqual(['interrupted'])
  const second = makeRun(root, 'two')
  attemptOf(second).append(stepBody(1))
  watcher!.dispose()
  const lost = watch(second.path)
  await expect.poll(() => lost.seen.length).toBe(1)
  rmSync(second.path, { recursive: true })
  await expect.poll(() => lost.over).toEqual(['interrupted'])
})

test('a watcher opened behind the last words still says that the run has ended', async () => {
  const folder = makeRun(root, 'one')
  const writer = attemptOf(folder)
  writer.append(startedBody(0))
  writer.append(ended('finished'))
  status(folder.path, { state: 'running' })
  const first = watch(folder.path)
  await expect.poll(() => first.seen.length).toBe(2)
  watcher!.dispose()
  await status(folder.path, { state: 'finished' })
  const second = watch(folder.path, first.last.cursor)
  await expect.poll(() => second.over).toEqual(['ended'])
  expect(second.seen).toEqual([])
})
