import { spawnSync } from 'node:child_process'
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readStatus } from '../../src/events'
import { finalBytes, readRun } from './runs'
import { makeTinyData } from './tinyRun'

/** A strategy of the user's own on the bundled command line, from `thaw new` to a resumed run. */
const root = join(import.meta.dirname, '../..')
const bundle = process.env.THAW_CLI ?? join(root, 'dist/cli.js')

let folder: string
beforeAll(async () => {
  folder = await makeTinyData()
  for (const name of ['bss.ts', 'eigen.ts', 'bss.test.ts'])
    cpSync(join(root, 'examples/own-strategy', name), join(folder, name))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function thaw(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bundle, ...args], {
    cwd: folder,
    encoding: 'utf8',
    timeout: 170_000,
    env: { ...process.env, NO_COLOR: '1' },
  })
  return { code: status, out: stdout, err: stderr }
}

/** The last line as JSON. */
const answer = <T>({ out, err }: ReturnType<typeof thaw>): T => {
  const line = out.trimEnd().split('\n').at(-1)!
  try {
    return JSON.parse(line) as T
  } catch {
    throw new Error(`no JSON: ${out}\n${err}`)
  }
}

const write = (name: string, strategy: object, train: object = {}) => {
  const file = {
    model: { source: 'none', architecture: 'small_cnn', inputSize: 16 },
    data: { source: 'images', split: { test: 0.4 } },
    strategy,
    train: { steps: 4, batchSize: 4, checkpoints: { every: 1, last: 3 }, ...train },
    backend: 'wasm',
  }
  writeFileSync(join(folder, name), JSON.stringify(file))
  return name
}

const run = (file: string) => {
  const { run: id, state } = answer<{ run: string; state: string }>(thaw('run', file, '--json'))
  return { id, state, path: join(folder, '.thaw/runs', id) }
}

test(
  'thaw new writes one that holds the contract, and a run file that names it runs, stops and goes on',
  { timeout: 600_000 },
  async () => {
    expect(thaw('new', 'strategy', 'mine').code).toBe(0)
    const checked = thaw('check', 'strategy', 'mine.ts')
    expect(checked.out).toContain('mine.ts holds all')
    for (const name of ['U1', 'U2', 'U3', 'U4', 'U5', 'U6', 'a stronger penalty leaves smaller scores'])
      expect(checked.out).toMatch(new RegExp(`^ok +${name}`, 'm'))
    expect(checked.code).toBe(0)

    const own = { name: './mine.ts', strength: 0.5 }
    const whole = run(write('whole.thaw.json', own))
    expect(whole.state).toBe('finished')
    const steps = (await readRun(whole.path)).events.filter((event) => event.kind === 'step')
    expect(steps).toHaveLength(4)
    for (const { parts } of steps) expect(parts.penalty).toBeGreaterThan(0)
    // no part of it is left in what is exported
    expect(thaw('export', whole.id, '--to', 'out').code).toBe(0)
    const plain = { name: 'linear-probe', solver: 'sgd' }
    const model = { source: 'out/model.safetensors', inputSize: 16 }
    const probe = { ...(JSON.parse(readFileSync(join(folder, 'whole.thaw.json'), 'utf8')) as object), model }
    writeFileSync(join(folder, 'probe.thaw.json'), JSON.stringify({ ...probe, strategy: plain }))
    expect(run('probe.thaw.json').state).toBe('finished')

    const parted = run(write('parted.thaw.json', own, { actions: [{ at: 2, do: 'stop' }] }))
    expect(parted.state).toBe('stopped')
    expect(readStatus(parted.path)!.step).toBe(2)
    // the run has a copy: what is in the folder by then does not matter, and is told
    writeFileSync(join(folder, 'mine.ts'), `${readFileSync(join(folder, 'mine.ts'), 'utf8')}\n// changed\n`)
    const resumed = thaw('resume', parted.id)
    expect(resumed.out + resumed.err).toContain('mine.ts has changed since')
    expect(resumed.code).toBe(0)
    const [ours, theirs] = [finalBytes(parted.path), finalBytes(whole.path)]
    expect([ours.step, ours.weights.equals(theirs.weights)]).toEqual([4, true])
    expect(ours.optimizer.equals(theirs.optimizer)).toBe(true)
  },
)

test('the worked example holds the contract and its own tests, and runs', async () => {
  const checked = answer<{ ok: boolean; results: { name: string }[] }>(
    thaw('check', 'strategy', 'bss.ts', '--json'),
  )
  expect(checked.ok).toBe(true)
  expect(checked.results.length).toBeGreaterThan(7)
  const { state, path } = run(write('bss.thaw.json', { name: './bss.ts', eta: 0.01 }))
  expect(state).toBe('finished')
  expect((await readRun(path)).events.some((one) => one.kind === 'step' && one.loss > 0)).toBe(true)
})

test('one that is wrong is told by file and line before anything is written, and nothing is left running', () => {
  writeFileSync(join(folder, 'wrong.ts'), "import { readFileSync } from 'node:fs'\nreadFileSync('')\n")
  const { code, err, out } = thaw('run', write('wrong.thaw.json', { name: './wrong.ts' }))
  expect(code).toBe(2)
  expect(out + err).toContain('there is no module "node:fs"')
  const typo = thaw('preflight', write('typo.thaw.json', { name: './bss.ts', etta: 1 }))
  expect(typo.code).toBe(2)
  expect(typo.out + typo.err).toContain('did you mean "eta"?')
})
