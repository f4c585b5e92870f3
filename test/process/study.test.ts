import { spawn, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { highestAttempt, isRunFolder, readStatus } from '../../src/events'
import { until } from './runs'
import { makeTinyData } from './tinyRun'

/** Tuning and comparison as a person uses them: the bundled command line, real runs of a tiny network. */
const bundle = process.env.THAW_CLI ?? join(import.meta.dirname, '../../dist/cli.js')
let base: string

const file = (rest: object = {}) => ({
  model: { source: 'none', architecture: 'small_cnn', inputSize: 16 },
  data: { source: 'images', split: { val: 0.2, test: 0.4 }, transforms: 'none' },
  strategy: 'scratch',
  train: { steps: 12, batchSize: 4, checkpoints: { every: 4 } },
  backend: 'wasm',
  ...rest,
})

const space = {
  'train.optimizer.rate': { logUniform: [1e-4, 1e-2] },
  strategy: { choice: ['full', 'scratch'] },
}

const write = (name: string, content: object) => writeFileSync(join(base, name), JSON.stringify(content))
const args = (...rest: string[]) => [bundle, ...rest, '--json']
const env = { ...process.env, NO_COLOR: '1' }

function thaw<T>(...rest: string[]): { code: number | null; err: string; result: T } {
  const { status, stdout, stderr } = spawnSync(process.execPath, args(...rest), {
    cwd: base,
    encoding: 'utf8',
    env,
  })
  const line = stdout.trimEnd().split('\n').at(-1)!
  try {
    return { code: status, err: stderr, result: JSON.parse(line) as T }
  } catch {
    throw new Error(`no JSON from thaw ${rest.join(' ')}: ${stdout}\n${stderr}`)
  }
}

const runFolders = (runs: string): string[] =>
  readdirSync(join(base, runs))
    .map((name) => join(base, runs, name))
    .filter((path) => !path.includes('/.queue') && isRunFolder(path))

interface Tuned {
  complete: boolean
  best: { number: number }
  written: string
  trials: {
    state: string
    message?: string
    value: number
    values: Record<string, unknown>
    runs: { run: string; reused: boolean }[]
  }[]
}

beforeAll(async () => {
  base = await makeTinyData()
})

afterAll(() => rmSync(base, { recursive: true, force: true }))

describe('thaw tune', () => {
  test('killed with its trainer in the middle, it goes on and repeats no finished trial', async () => {
    write('t.thaw.json', file({ tune: { trials: 3, space } }))
    const runs = ['--runs', 'killed']
    const first = spawn(process.execPath, args('tune', 't.thaw.json', ...runs), {
      cwd: base,
      env,
      stdio: 'ignore',
    })
    const statuses = () => {
      try {
        return runFolders('killed').map((path) => ({ path, status: readStatus(path) }))
      } catch {
        return []
      }
    }
    const { done, running } = await until('one trial done and one running', () => {
      const done = statuses().find(({ status }) => status?.state === 'finished')
      const running = statuses().find(({ status }) => status?.state === 'running' && status.step >= 1)
      return done && running && { done, running }
    })
    first.kill('SIGKILL')
    process.kill(running.status!.pid, 'SIGKILL')
    const before = readFileSync(join(done.path, 'events.jsonl'), 'utf8')

    const { code, result } = thaw<Tuned>('tune', 't.thaw.json', ...runs)
    expect(code).toBe(0)
    expect(result.complete).toBe(true)
    expect(runFolders('killed')).toHaveLength(3)
    expect(readFileSync(join(done.path, 'events.jsonl'), 'utf8')).toBe(before)
    expect(highestAttempt(running.path)).toBe(2)
    const reused = result.trials.filter(({ runs }) => runs[0]!.reused).map(({ runs }) => runs[0]!.run)
    expect(reused).toContain(done.path.split('/').at(-1))

    // what was killed has the numbers of what was not
    const whole = thaw<Tuned>('tune', 't.thaw.json', '--runs', 'whole').result
    const numbers = ({ trials }: Tuned) => trials.map(({ values, value }) => ({ values, value }))
    expect(numbers(result)).toEqual(numbers(whole))
    expect(result.best.number).toBe(whole.best.number)
  })

  test('no trial looks at the test images, and a larger budget keeps the trials of a smaller one', () => {
    write('t.thaw.json', file({ tune: { trials: 4, space } }))
    const { result } = thaw<Tuned>('tune', 't.thaw.json', '--runs', 'whole')
    expect(result.trials.map(({ runs }) => runs[0]!.reused)).toEqual([true, true, true, false])
    for (const path of runFolders('whole')) {
      const log = readFileSync(join(path, 'events.jsonl'), 'utf8')
      expect(log).toContain('"split":"val"')
      expect(log).not.toContain('"split":"test"')
    }
    const best = JSON.parse(readFileSync(result.written, 'utf8')) as Record<string, unknown>
    expect(best.tune).toBeUndefined()
    expect(best.tuned).toMatchObject({ trials: 4, seeds: 1, search: 'random', from: 't.thaw.json' })
    expect(thaw<{ ok: boolean }>('preflight', 't.tuned.thaw.json', '--no-dry').result.ok).toBe(true)
  })

  test('a trial that fails is a result, told with why', () => {
    const train = { steps: 12, batchSize: 4, optimizer: { name: 'sgd', rate: 100 } }
    const decay = {
      'train.optimizer.weightDecay': { choice: [10, 0] },
      'train.optimizer.rate': { choice: [1e-3, 100] },
    }
    write('f.thaw.json', file({ train, tune: { search: 'grid', space: decay } }))
    const { code, result } = thaw<Tuned>('tune', 'f.thaw.json', '--runs', 'failing')
    expect(code).toBe(0)
    expect(result.trials.map(({ state }) => state)).toEqual(['finished', 'failed', 'finished', 'finished'])
    expect(result.trials[1]!.message).toContain('finite')
    const again = thaw<Tuned>('tune', 'f.thaw.json', '--runs', 'failing').result
    expect(again.trials.map(({ runs }) => runs[0]!.reused)).toEqual([true, true, true, true])
  })

  test.each([
    [file(), 'says nothing to tune; write for example "tune"'],
    [
      file({ data: { source: 'images', split: { test: 0.4 } }, tune: { space } }),
      'there are none; set data.split.val',
    ],
    [
      file({ strategy: 'spottune', tune: { space: { 'train.optimizer.rate': { choice: [1e-3] } } } }),
      'strategy',
    ],
  ])('%# is refused before anything runs', (content, text) => {
    write('bad.thaw.json', content)
    const { code, err, result } = thaw('tune', 'bad.thaw.json', '--runs', 'none')
    expect(code).toBe(2)
    expect(err + JSON.stringify(result)).toContain(text)
    expect(() => runFolders('none')).toThrow()
  })
})
