import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  emptyView,
  EventReader,
  foldEvents,
  readStatus,
  takeAttempt,
  type RunFolder,
} from '../../../src/events'
import type { RunEnvironment, RunOutcome } from '../../../src/engine/train/types'
import { sendControl } from '../../../src/runner'
import { runAttempt } from '../../../src/runner/runAttempt'
import { UserError } from '../../../src/spec/types'
import { startedBody, stepBody } from '../events/arbitraries'
import { ended, makeRoot, makeRun } from './folders'

let root: string
let folder: RunFolder
let stderr: ReturnType<typeof vi.spyOn>
beforeEach(() => {
  root = makeRoot()
  folder = makeRun(root, 'one')
  stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
})
afterEach(() => {
  stderr.mockRestore()
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.removeAllListeners(signal)
  rmSync(root, { recursive: true })
})

const outcome = (state: RunOutcome['state'], step: number): RunOutcome => ({
  state,
  step,
  seconds: 1,
  moved: 0,
  distance: 0,
})
const run = (engine: (env: RunEnvironment) => Promise<RunOutcome>) => {
  const { number } = takeAttempt(folder.path)
  return runAttempt(folder.path, number, (_spec, env) => engine(env))
}
const view = async () => foldEvents(emptyView(), await new EventReader(folder.events).read())
const files = (step: number) => new Map([['weights.safetensors', new Uint8Array([step])]])

/** Three steps and a checkpoint after each, from wherever the run stands. */
async function threeSteps(env: RunEnvironment): Promise<RunOutcome> {
  const from = env.resume?.step ?? 0
  env.sink.emit(startedBody(from))
  for (let step = from + 1; step <= from + 3; step++) {
    env.sink.emit(stepBody(step))
    const saved = await env.sink.saveCheckpoint(step, files(step), 'every')
    env.sink.emit({ kind: 'checkpoint', step, ...saved, why: 'every' })
    await env.sink.checkpointsKeep!(undefined, 2)
  }
  return outcome('finished', from + 3)
}

describe('an attempt', () => {
  test('tells the folder what the engine does, and leaves it in order', async () => {
    expect(await run(threeSteps)).toBe(0)
    expect(await view()).toMatchObject({ state: 'finished', step: 3, missingSteps: 0, ended: { step: 3 } })
    expect(readStatus(folder.path)).toMatchObject({
      state: 'finished',
      step: 3,
      attempt: 1,
      pid: process.pid,
    })
    expect(readdirSync(folder.path).sort()).toEqual([
      'attempts',
      'checkpoints',
      'events.jsonl',
      'layers.f32',
      'spec.json',
      'status.json',
    ])
    expect(readdirSync(join(folder.path, 'checkpoints'))).toEqual(['2', '3'])
  })

  test('says that it has ended as the very last thing, when whoever resumes it meets nobody', async () => {
    let early: string | undefined
    await run(async (env) => {
      await threeSteps(env)
      env.sink.emit(ended('finished'))
      await new Promise((resolve) => setTimeout(resolve, 200))
      early = readStatus(folder.path)!.state
      return outcome('finished', 3)
    })
    // the beat writes it in its own time, so it may still be at the start
    expect(['preparing', 'running']).toContain(early)
    expect(readStatus(folder.path)!.state).toBe('finished')
  })

  test('goes on from the newest whole checkpoint', async () => {
    await run(threeSteps)
    let files: ReadonlyMap<string, Uint8Array> | undefined
    await run((env) => ((files = env.resume!.files), threeSteps(env)))
    expect(files!.get('weights.safetensors')).toEqual(new Uint8Array([3]))
    expect((await view()).attempts.map((item) => item.from)).toEqual([0, 3])
  })

  test('an error of the engine ends the run as failed: a sentence in the log, the stack in trainer.log only', async () => {
    const code = await run(async (env) => {
      env.sink.emit(startedBody(0))
      env.sink.emit(stepBody(1))
      throw new TypeError('x is not a function')
    })
    expect(code).toBe(1)
    const { ended, state } = await view()
    expect([state, ended!.step, ended!.exitCode]).toEqual(['failed', 1, 1])
    expect(ended!.message).toBe(
      'The run failed: x is not a function. trainer.log in the run folder says where.',
    )
    const said = stderr.mock.calls.map(([text]: unknown[]) => String(text)).join('')
    expect(said).toMatch(/TypeError: x is not a function\n\s+at /)
    expect(readStatus(folder.path)!.state).toBe('failed')
  })

  test('a UserError keeps its sentence and its exit code', async () => {
    expect(await run(() => Promise.reject(new UserError('the model file is gone; put it back', 3)))).toBe(3)
    expect((await view()).ended).toMatchObject({
      message: 'the model file is gone; put it back',
      exitCode: 3,
    })
  })

  test('one that has lost the run writes nothing more, not even that it failed', async () => {
    let before = ''
    const code = await run(async (env) => {
      env.sink.emit(startedBody(0))
      takeAttempt(folder.path)
      before = readFileSync(folder.events, 'utf8')
      expect(() => env.sink.layerRow(new Float32Array(10))).toThrow(/taken over by attempt 2/)
      await expect(env.sink.saveCheckpoint(1, files(1), 'x')).rejects.toThrow(/taken over by attempt 2/)
      env.sink.emit(stepBody(1))
      return outcome('finished', 1)
    })
    expect(code).toBe(2)
    expect(readFileSync(folder.events, 'utf8')).toBe(before)
    expect(readdirSync(folder.path)).not.toContain('checkpoints')
    expect(readStatus(folder.path)!.state).not.toBe('failed')
  })

  test('one that was superseded before it began does nothing at all', async () => {
    takeAttempt(folder.path)
    takeAttempt(folder.path)
    const engine = vi.fn()
    await expect(runAttempt(folder.path, 1, engine)).rejects.toThrow(/taken over by attempt 2/)
    expect(engine).not.toHaveBeenCalled()
    expect(readdirSync(folder.path)).not.toContain('events.jsonl')
  })

  test('a signal asks for a clean stop, and the run says that it was interrupted', async () => {
    const code = await run(async (env) => {
      env.sink.emit(startedBody(0))
      process.emit('SIGTERM')
      await env.wait!()
      const [pending] = env.take!()
      expect(pending).toMatchObject({ command: { do: 'stop' }, source: 'signal' })
      return outcome('stopped', 0)
    })
    expect(code).toBe(130)
    expect((await view()).state).toBe('stopped')
  })

  test('commands come in while it works, and whoever still waits at the end is told', async () => {
    let asked: Promise<unknown>
    await run(async (env) => {
      asked = expect(sendControl(folder.path, { do: 'pause' })).rejects.toThrow('The run one has ended.')
      await env.wait!()
      return outcome('finished', 0)
    })
    await asked!
  })
})
