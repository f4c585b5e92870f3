import { rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { livenessOf, openRunFolder, readStatus, runsFolder } from '../../src/events'
import { livenessOfRun, resumeRun, sendControl, startRun } from '../../src/runner'
import { launch } from '../../src/runner/launch'
import { RandomStream } from '../../src/engine/random'
import { finalBytes, finished, isOver, readRun, runningAt, until } from './runs'
import { makeTinyData, tinySpec } from './tinyRun'

const STEPS = 24
const KILLS = 20
const SEED = Number(process.env.THAW_KILL_SEED ?? Date.now() % 1_000_000)

let base: string
let straight: string
const spec = () => tinySpec({ steps: STEPS, checkpoints: { every: 3, last: 2 } })
const start = async () => (await startRun({ spec: spec(), base, root: runsFolder(base) })).folder

beforeAll(async () => {
  base = await makeTinyData()
  straight = await start()
  await finished(straight)
  expect(readStatus(straight)!.state).toBe('finished')
})
afterAll(() => rmSync(base, { recursive: true, force: true }))

/** The run tells the same as the one that was never interrupted, each step once. */
async function expectSameAsStraight(folder: string) {
  const { view } = await readRun(folder)
  const whole = (await readRun(straight)).view
  expect(view.state).toBe('finished')
  expect([view.missingSteps, view.repeatedSteps]).toEqual([0, 0])
  expect(view.series.loss!.steps).toEqual(Array.from({ length: STEPS }, (_, i) => i + 1))
  expect(view.series.loss).toEqual(whole.series.loss)
  expect(view.evals).toEqual(whole.evals)
  expect(view.rows.reduce((sum, range) => sum + range.rows, 0)).toBe(STEPS)
  const [ours, theirs] = [finalBytes(folder), finalBytes(straight)]
  expect(ours.step).toBe(STEPS)
  expect(ours.weights.equals(theirs.weights)).toBe(true)
  expect(ours.optimizer.equals(theirs.optimizer)).toBe(true)
}

describe('kill -9', () => {
  test(
    `at ${KILLS} random moments of real runs: each goes on, and ends with the weights of the run never interrupted`,
    { timeout: 900_000 },
    async () => {
      const random = new RandomStream(SEED, 'kills')
      const killedAt: number[] = []
      while (killedAt.length < KILLS) {
        const folder = await start()
        for (let step = 1; killedAt.length < KILLS;) {
          const status = await until('the run to go on or to end', () => {
            const now = readStatus(folder)!
            return (isOver(folder) || (now.state === 'running' && now.step >= step)) && now
          })
          if (status.state === 'finished') break
          await sleep(random.range(0, 150))
          const before = readStatus(folder)!
          const inPhase = before.state === 'running' && before.step > 0 && before.step < STEPS
          if (!inPhase || livenessOf(before) !== 'alive') continue
          process.kill(before.pid, 'SIGKILL')
          await until('the kernel to end the process', () => livenessOf(before) === 'dead')
          const { view, skipped } = await readRun(folder)
          if (view.ended) break
          killedAt.push(view.step)
          // readable at once: at most the torn last line is missing, and it is not counted before it has an end
          expect(skipped.unreadable).toBeLessThanOrEqual(killedAt.length)
          expect([view.missingSteps, view.repeatedSteps]).toEqual([0, 0])
          expect(view.phase).toBe(0)
          await resumeRun(folder)
          step = Math.min(STEPS - 1, view.step + random.integer(4))
        }
        await finished(folder)
        await expectSameAsStraight(folder)
      }
      console.log(`killed (seed ${SEED}) after steps ${killedAt.join(', ')}`)
      expect(killedAt).toHaveLength(KILLS)
    },
  )
})

describe('two writers', () => {
  test('a trainer that was out of sight stops at once when it comes back, and changes nothing', async () => {
    const folder = await start()
    const lost = await runningAt(folder, 4)
    process.kill(lost.pid, 'SIGSTOP')
    // on this machine anybody can see that it is there
    await expect(resumeRun(folder)).rejects.toThrow(/is running \(process \d+\), so it cannot be resumed/)
    // a cluster that has lost sight of it starts a second copy all the same
    await launch(openRunFolder(folder), 1).ready()
    // held, so that it is not at its end before it has been asked
    const second = await runningAt(folder, 7)
    process.kill(second.pid, 'SIGSTOP')
    process.kill(lost.pid, 'SIGCONT')
    await until('the first trainer to stop', () => livenessOf(lost) === 'dead')
    expect(livenessOfRun(folder)).toBe('alive')
    // the old one has not taken the new one's ear with it
    const answer = sendControl(folder, { do: 'checkpoint' })
    await sleep(300)
    process.kill(second.pid, 'SIGCONT')
    expect(await answer).toHaveProperty('folder')
    await finished(folder)
    await expectSameAsStraight(folder)
    const { events, skipped } = await readRun(folder)
    expect(skipped).toEqual({ unreadable: 0, unknown: 0, foreign: 0 })
    const last = events.findLast((event) => event.attempt === 1)!
    expect(last.kind).not.toBe('run-ended')
  })
})
