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

/** So many that a quick machine is seen, and killed, in the middle of a run. */
const STEPS = 300

const file = (rest: object = {}) => ({
  model: { source: 'none', architecture: 'small_cnn', inputSize: 16 },
  data: { source: 'images', split: { val: 0.2, test: 0.4 }, transforms: 'none' },
  strategy: 'scratch',
  train: { steps: STEPS, batchSize: 4, checkpoints: { every: 20 } },
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

interface Compared {
  complete: boolean
  reading: string[]
  written: string[]
  folder: string
  methods: { name: string; seeds: { seed: number; run: string }[]; tuned?: { trials: number } }[]
}

describe('thaw compare with run files', () => {
  const compare = (...rest: string[]) =>
    thaw<Compared>('compare', 'a.thaw.json', 'b.thaw.json', '--runs', 'compared', '--seeds', '1,2', ...rest)

  test('killed in the middle, it goes on; runs that are there already are used; a report comes out', async () => {
    write('a.thaw.json', file({ name: 'from scratch' }))
    write('b.thaw.json', file({ name: 'probe', strategy: 'linear-probe' }))
    const alone = thaw<{ run: string }>(
      'run',
      'b.thaw.json',
      '--out',
      'compared',
      '--set',
      'train.seed=2',
    ).result
    const killed = spawn(
      process.execPath,
      args('compare', 'a.thaw.json', 'b.thaw.json', '--runs', 'compared', '--seeds', '1,2'),
      { cwd: base, env, stdio: 'ignore' },
    )
    const running = await until('a run that trains', () =>
      runFolders('compared')
        .map((path) => ({ path, status: readStatus(path) }))
        .find(({ status }) => status?.state === 'running' && status.step >= 1),
    )
    killed.kill('SIGKILL')
    process.kill(running.status!.pid, 'SIGKILL')

    const { code, result } = compare()
    expect(code).toBe(0)
    expect(result.complete).toBe(true)
    expect(runFolders('compared')).toHaveLength(4)
    expect(highestAttempt(running.path)).toBe(2)
    expect(result.methods.map(({ name, seeds }) => [name, seeds.map(({ seed }) => seed)])).toEqual([
      ['from scratch', [1, 2]],
      ['probe', [1, 2]],
    ])
    expect(result.methods[1]!.seeds[1]!.run).toBe(alone.run)
    expect(result.folder).toBe(join(base, 'comparison'))
    expect(readdirSync(result.folder).sort()).toEqual(result.written)
    expect(result.written).toEqual(
      expect.arrayContaining(['report.md', 'report.json', 'accuracy.svg', 'accuracy.vl.json']),
    )
    expect(readFileSync(join(result.folder, 'report.md'), 'utf8')).toContain(
      `probe took 0 of its ${STEPS} steps`,
    )
    // the same runs, named one by one, give the same report
    const ids = result.methods.flatMap(({ seeds }) => seeds.map(({ run }) => run))
    const again = thaw<Compared>('compare', ...ids, '--runs', 'compared', '--to', 'again').result
    expect(again.reading).toEqual(result.reading)
  })

  test('unequal budgets are refused in a sentence, and compared when that is allowed', () => {
    write('b.thaw.json', file({ name: 'longer', train: { steps: STEPS + 2, batchSize: 4 } }))
    const { code, err } = compare()
    expect(code).toBe(2)
    expect(err).toContain(
      `the budgets are unequal (train.steps: ${STEPS} for from scratch, ${STEPS + 2} for longer); give all files the same, or compare them nonetheless with --unequal`,
    )
    const { result } = compare('--unequal')
    expect(result.reading.join(' ')).toContain('The budgets are unequal')
  })

  test('files that say what to tune are tuned first, with as many runs each', () => {
    const rates = { 'train.optimizer.rate': { choice: [1e-3, 3e-3] } }
    const train = { steps: 20, batchSize: 4 }
    const two = (trials: number) =>
      write('b.thaw.json', file({ name: 'two', train, strategy: 'full', tune: { trials, space: rates } }))
    write('a.thaw.json', file({ name: 'one', train, tune: { trials: 2, space: rates } }))
    two(1)
    expect(compare().err).toContain('tuning runs: 2 for one, 1 for two')
    two(2)
    const { code, result } = compare('--parallel', '2', '--to', 'tuned')
    expect(code).toBe(0)
    expect(result.methods.map(({ tuned }) => tuned!.trials)).toEqual([2, 2])
    expect(readFileSync(join(base, 'tuned/report.md'), 'utf8')).toContain('## Tuning')
  })

  test.each<[object, string]>([
    [{ data: { source: 'images', split: { val: 0.2, test: 0 }, transforms: 'none' } }, 'no test images'],
    [
      { data: { source: 'images', split: { val: 0.2, test: 0.2 }, transforms: 'none' } },
      'tested on different images',
    ],
    [{ strategy: 'spottune' }, 'strategy'],
    [{ name: 'from scratch' }, 'two of the files are called from scratch'],
  ])('%j is refused before anything runs', (rest, text) => {
    write('a.thaw.json', file({ name: 'from scratch' }))
    write('b.thaw.json', file(rest))
    const before = runFolders('compared').length
    const { code, err } = compare()
    expect(code).toBe(2)
    expect(err).toContain(text)
    expect(runFolders('compared')).toHaveLength(before)
  })
})
