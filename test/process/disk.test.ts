import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CheckpointStore, readStatus, runsFolder } from '../../src/events'
import { resumeRun, startRun } from '../../src/runner'
import { finalBytes, finished, readRun } from './runs'
import { makeTinyData, tinySpec } from './tinyRun'

let base: string
let full: string

/** A disk of so many bytes; needs Linux and root, which the build machine is. */
function mount(size: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', full], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

beforeAll(async () => {
  base = await makeTinyData()
  full = join(base, 'full')
  mkdirSync(full)
})
afterAll(() => {
  try {
    execFileSync('umount', [full], { stdio: 'ignore' })
  } catch {
    // was not mounted
  }
  rmSync(base, { recursive: true, force: true })
})

test('a disk that gets full in a checkpoint: a sentence, the older checkpoint whole, and with room again it goes on to the same weights', async (context) => {
  if (!mount('5m')) return context.skip('no right to mount a small disk here')
  const spec = tinySpec({ steps: 12, checkpoints: { every: 4, last: 2 } })
  const { folder } = await startRun({ spec, base, root: join(full, 'runs') })
  await finished(folder)
  const { view, skipped } = await readRun(folder)
  // the first checkpoint fits, a second one beside it does not
  expect(view.checkpoints.map((item) => item.step)).toEqual([4])
  expect(view.alarms.map((item) => item.code)).toContain('checkpoint-failed')
  expect(view.state).toBe('failed')
  expect(view.ended!.message).toMatch(
    /Could not save the checkpoint of step 12 in .*: the disk is full\. Free some space/,
  )
  expect(view.ended!.exitCode).toBe(3)
  expect(skipped.unreadable).toBe(0)
  expect(readStatus(folder)!.state).toBe('failed')
  expect(readdirSync(join(folder, 'checkpoints'))).toEqual(['4'])
  expect([...new CheckpointStore(folder).load(4).keys()]).toContain('weights.safetensors')

  execFileSync('mount', ['-o', 'remount,size=50m', full])
  await resumeRun(folder)
  await finished(folder)
  const straight = (await startRun({ spec, base, root: runsFolder(base) })).folder
  await finished(straight)
  expect((await readRun(folder)).view).toMatchObject({ state: 'finished', missingSteps: 0, repeatedSteps: 0 })
  expect(finalBytes(folder).weights.equals(finalBytes(straight).weights)).toBe(true)
})
