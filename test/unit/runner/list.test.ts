import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { writeStatus } from '../../../src/events'
import { collectGarbage, listRuns, removeRun, resumeRun, RunQueue } from '../../../src/runner'
import { startedBody, stepBody } from '../events/arbitraries'
import { attemptOf, ended, gone, makeRoot, makeRun, spec } from './folders'

let root: string
beforeEach(() => {
  root = makeRoot()
})
afterEach(() => rmSync(root, { recursive: true }))

test('a list tells queued, running, interrupted, finished and failed runs apart, newest first', async () => {
  makeRun(root, 'queued', 5)
  attemptOf(makeRun(root, 'running', 4)).append(stepBody(1))
  const dead = attemptOf(makeRun(root, 'interrupted', 3), gone)
  for (let step = 1; step <= 4; step++) dead.append(stepBody(step))
  attemptOf(makeRun(root, 'finished', 2), gone, { state: 'finished' }).append(ended('finished'))
  attemptOf(makeRun(root, 'failed', 1), gone, { state: 'failed' }).append(
    ended('failed', 'The disk is full.'),
  )
  const runs = await listRuns(root)
  expect(runs.map((run) => [run.id, run.state])).toEqual(
    ['queued', 'running', 'interrupted', 'finished', 'failed'].map((state) => [state, state]),
  )
  expect(runs[2]!.step).toBe(4)
  expect(runs[3]).toMatchObject({ strategy: 'full', name: 'run finished', seconds: 1, moved: 0.5, step: 9 })
  expect(runs[4]!.message).toBe('The disk is full.')
})

test('a run taken out of the line is a stopped one, which no longer waits', async () => {
  attemptOf(makeRun(root, 'running'))
  const queue = new RunQueue(root)
  await queue.add({ id: 'waiting', spec, base: root })
  const state = async () => (await listRuns(root)).find(({ id }) => id === 'waiting')!.state
  expect(await state()).toBe('queued')
  expect(await queue.remove('waiting')).toBe(true)
  expect(await state()).toBe('stopped')
  expect(await queue.remove('waiting')).toBe(false)
})

test('300 runs with long logs are listed at once, without reading the logs', async () => {
  const filler = `${JSON.stringify({ v: 1, seq: 0, t: 0, attempt: 1, ...stepBody(1) })}\n`.repeat(500)
  for (let i = 0; i < 300; i++) {
    const folder = makeRun(root, `run-${i}`, i)
    attemptOf(folder, gone, { state: 'finished' }).close()
    writeFileSync(folder.events, filler)
  }
  const started = performance.now()
  const runs = await listRuns(root)
  expect(performance.now() - started).toBeLessThan(4000)
  expect(runs).toHaveLength(300)
  expect(runs[0]!.id).toBe('run-299')
}, 60_000)

test('what is not a run, or has lost its spec, does not break a list; a missing folder has no runs', async () => {
  writeFileSync(join(root, 'notes.txt'), '')
  const damaged = makeRun(root, 'damaged')
  writeFileSync(damaged.spec, '{"v":1')
  makeRun(root, 'fine')
  expect((await listRuns(root)).map((run) => run.id)).toEqual(['fine'])
  expect(await listRuns(join(root, 'nothing'))).toEqual([])
  await expect(resumeRun(damaged.path)).rejects.toThrow(
    /has no readable spec.json.*`thaw rm damaged` removes it/,
  )
  removeRun(damaged.path)
})

test('a run that works, is finished, or belongs to another machine is not resumed, each with its sentence', async () => {
  attemptOf(makeRun(root, 'alive'))
  await expect(resumeRun(join(root, 'alive'))).rejects.toMatchObject({
    exitCode: 2,
    message: expect.stringMatching(
      /^The run alive is running \(process \d+\).*`thaw watch alive`.*`thaw stop alive`\.$/,
    ),
  })
  attemptOf(makeRun(root, 'over'), gone, { state: 'finished' })
  await expect(resumeRun(join(root, 'over'))).rejects.toThrow(/is finished, there is nothing to resume/)
  attemptOf(makeRun(root, 'far'), { ...gone, host: 'elsewhere' })
  await expect(resumeRun(join(root, 'far'))).rejects.toThrow(
    /was started on elsewhere, where it may still run.*--force/,
  )
  await expect(resumeRun(join(root, 'none'))).rejects.toThrow(/There is no run in/)
})

test('a process that has taken the run and has not said a word yet counts as alive', async () => {
  const folder = makeRun(root, 'one')
  attemptOf(folder, gone)
  attemptOf(folder)
  writeStatus(folder.path, { ...gone, attempt: 1, heartbeat: 0, state: 'running', step: 1, steps: 9 })
  await expect(resumeRun(folder.path)).rejects.toThrow(/is running/)
  expect(() => removeRun(folder.path)).toThrow(/is running; stop it first/)
  expect(collectGarbage(folder.path, { last: 1 })).toEqual([])
  expect((await listRuns(root))[0]).toMatchObject({ state: 'running', attempt: 2 })
  attemptOf(makeRun(root, 'two')).append(startedBody(0))
})
