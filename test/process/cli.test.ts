import { spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

/** The bundled command line on real images, as a person uses it: a small network, a few drawings, a few steps. */
const root = join(import.meta.dirname, '../..')
const bundle = process.env.THAW_CLI ?? join(root, 'dist/cli.js')
const drawings = join(root, 'media/packaged/drawings')

let folder: string

const run = {
  name: 'small',
  model: { source: 'none', architecture: 'small_cnn', inputSize: 16 },
  data: { source: 'images', split: { test: 0.4 }, transforms: 'none' },
  strategy: 'scratch',
  train: { steps: 4, batchSize: 4, optimizer: { rate: 0.001, headRate: 0.001 } },
}

function thaw(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bundle, ...args], {
    cwd: folder,
    encoding: 'utf8',
    timeout: 120_000,
    env: { ...process.env, NO_COLOR: '1' },
  })
  return { code: status, out: stdout.trimEnd(), err: stderr.trimEnd() }
}

/** The last line on stdout, read as JSON. */
function json<T = Record<string, unknown>>(...args: string[]): T & { code: number | null } {
  const { out, err, code } = thaw(...args, '--json')
  try {
    return { code, ...(JSON.parse(out.split('\n').at(-1)!) as T) }
  } catch {
    throw new Error(`no JSON from thaw ${args.join(' ')}: ${out}\n${err}`)
  }
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(value))
  return bytes
}

function safetensors(header: object): Buffer {
  const text = Buffer.from(JSON.stringify(header))
  return Buffer.concat([u64(text.length), text])
}

function write(name: string, content: unknown): string {
  writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content))
  return name
}

beforeAll(() => {
  // as long as it is, so that every run folder has a path of more than 200 characters
  folder = join(
    mkdtempSync(join(tmpdir(), 'thaw-cli-')),
    'a folder with a very long name '.repeat(4).trim(),
    'x'.repeat(60),
  )
  mkdirSync(folder, { recursive: true })
  for (const [name, count] of [
    ['bird', 6],
    ['vehicle', 6],
  ] as const) {
    mkdirSync(join(folder, 'images', name), { recursive: true })
    for (const file of readdirSync(join(drawings, 'train', name)).slice(0, count)) {
      cpSync(join(drawings, 'train', name, file), join(folder, 'images', name, file))
    }
  }
  write('small.thaw.json', run)
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('a run from its file to its export', () => {
  let id: string

  test('init looks, suggests, writes, and never replaces', () => {
    const made = json<{ classes: string[]; counts: object; strategy: string }>('init', 'images')
    expect(made).toMatchObject({ code: 0, classes: ['bird', 'vehicle'], strategy: 'full' })
    expect(thaw('validate', 'images.thaw.json').code).toBe(0)
    write('images.thaw.json', '{} // mine')
    const again = thaw('init', 'images')
    expect(again.code).toBe(2)
    expect(again.err).toBe(
      'images.thaw.json: is there already; use --force to replace it, or --file to write another',
    )
    expect(readFileSync(join(folder, 'images.thaw.json'), 'utf8')).toBe('{} // mine')
    expect(thaw('init', 'images', '--force').code).toBe(0)
  })

  test('preflight says what it will take', () => {
    const { code, ok, problems, estimate } = json<{
      ok: boolean
      problems: unknown[]
      estimate: { steps: number }
    }>('preflight', 'small.thaw.json')
    expect({ code, ok }).toEqual({ code: 0, ok: true })
    expect(problems.filter((problem) => (problem as { severity: string }).severity === 'error')).toEqual([])
    expect(estimate.steps).toBe(4)
    expect(existsSync(join(folder, '.thaw/runs'))).toBe(false)
  })

  test('run ends with one line of JSON', () => {
    const { out, err, code } = thaw('run', 'small.thaw.json', '--json', '--set', 'train.seed=3')
    expect(err).toContain('small: done in')
    expect(code).toBe(0)
    expect(out.split('\n')).toHaveLength(1)
    const line = JSON.parse(out) as { run: string; folder: string; state: string; metrics: { count: number } }
    expect(line).toMatchObject({
      state: 'finished',
      folder: join(folder, '.thaw/runs', line.run),
      metrics: { count: 4 },
    })
    expect(line.folder.length).toBeGreaterThan(200)
    expect(readFileSync(join(folder, '.thaw/.gitignore'), 'utf8')).toBe('*\n')
    id = line.run
  })

  test('ls, show and watch tell of it', () => {
    const rows = JSON.parse(thaw('ls', '--json').out) as { id: string; state: string; step: number }[]
    expect(rows).toMatchObject([{ id, state: 'finished', step: 4 }])
    expect(thaw('ls').out).toContain(id)
    expect(json('show', 'last')).toMatchObject({
      code: 0,
      id,
      state: 'finished',
      step: 4,
      spec: { train: { seed: 3 } },
    })
    expect(thaw('show', id).out).toContain('strategy    From scratch (scratch)')
    expect(json('watch', id)).toMatchObject({ code: 0, run: id, state: 'finished' })
  })

  test('replay gives the same weights', () => {
    const { out, code } = thaw('replay', id)
    expect(out).toContain('the weights are the same as the original’s, bit for bit')
    expect(code).toBe(0)
  })

  test('predict, evaluate and compare use its network', () => {
    const { predictions, classes } = json<{ predictions: { probabilities: number[] }[]; classes: string[] }>(
      'predict',
      id,
      'images/bird',
    )
    expect(classes).toEqual(['bird', 'vehicle'])
    expect(predictions).toHaveLength(6)
    for (const { probabilities } of predictions)
      expect(probabilities[0]! + probabilities[1]!).toBeCloseTo(1, 5)
    expect(json('evaluate', id, 'images')).toMatchObject({ code: 0, metrics: { count: 12 } })
    const other = json<{ run: string }>('run', 'small.thaw.json').run
    const { pairs, overSeeds } = json<{ pairs: object[]; overSeeds: object[] }>('compare', id, other)
    expect(pairs).toMatchObject([{ a: id, b: other, count: 4 }])
    expect(overSeeds).toEqual([])
  })

  test('export writes files and replaces none', () => {
    const made = json<{ files: { name: string; bytes: number }[]; folder: string }>(
      'export',
      id,
      '--to',
      'out',
    )
    expect(made).toMatchObject({ code: 0, folder: join(folder, 'out') })
    expect(readdirSync(join(folder, 'out')).sort()).toEqual(made.files.map(({ name }) => name).sort())
    expect(made.files.some(({ name }) => name.endsWith('.safetensors'))).toBe(true)
    expect(thaw('export', id, '--to', 'out').err).toContain('is there already; use --force')
    expect(thaw('export', id, '--to', 'web', '--format', 'tfjs').code).toBe(0)
    expect(existsSync(join(folder, 'web/model.json'))).toBe(true)
  })

  test('export --draws writes what a run with another seed needs to end with the same weights', () => {
    const made = json<{ files: { name: string }[]; seeded: string[] }>(
      'export',
      id,
      '--draws',
      '--to',
      'draws',
    )
    expect(made).toMatchObject({ code: 0, seeded: [] })
    expect(made.files.map(({ name }) => name)).toEqual(['initialize.safetensors', 'inputs.safetensors'])
    const outside = { initialize: 'draws/initialize.safetensors', inputs: 'draws/inputs.safetensors' }
    write('again.thaw.json', { ...run, train: { ...run.train, ...outside, seed: 99 } })
    const again = json<{ run: string; folder: string }>('run', 'again.thaw.json')
    expect(again.code).toBe(0)
    const weights = (of: string) =>
      readFileSync(join(folder, '.thaw/runs', of, 'checkpoints/4/weights.safetensors'))
    expect(weights(again.run).equals(weights(id))).toBe(true)
    expect(thaw('rm', again.run).code).toBe(0)
  })

  test('gc keeps the newest checkpoint, rm removes the run', () => {
    expect(thaw('gc').code).toBe(0)
    expect(readdirSync(join(folder, '.thaw/runs', id, 'checkpoints'))).toEqual(['4'])
    expect(json('rm', id)).toMatchObject({ code: 0, removed: [id] })
    expect(existsSync(join(folder, '.thaw/runs', id))).toBe(false)
    expect(thaw('show', id).code).toBe(2)
  })

  test('doctor finds what a run needs', () => {
    expect(json('doctor')).toMatchObject({ code: 0, ok: true })
  })
})

test('a run in another folder is named by a path that the next command finds', () => {
  const { out } = thaw('run', 'small.thaw.json', '--out', 'other place')
  const [, word] = /next: thaw show '(.*?)', thaw export/.exec(out)!
  expect(word).toMatch(/^other place\/\d/)
  expect(json('show', word!)).toMatchObject({ code: 0, state: 'finished' })
})

describe('a run is stopped', () => {
  const long = { ...run, name: 'long', train: { ...run.train, steps: 100_000 } }
  beforeAll(() => void write('long.thaw.json', long))

  test('by thaw stop, and goes on by resume', () => {
    const started = json<{ run: string }>('run', 'long.thaw.json', '--detach')
    expect(started).toMatchObject({ code: 0, state: 'running' })
    const stopped = JSON.parse(thaw('stop', started.run, '--json').out) as { state: string }[]
    expect(stopped).toMatchObject([{ run: started.run, state: 'stopped' }])
    expect(json('resume', started.run, '--detach')).toMatchObject({ code: 0, run: started.run })
    const twice = thaw('resume', started.run)
    expect(twice.code).toBe(2)
    expect(twice.err).toContain('so it cannot be resumed')
    expect(thaw('stop', started.run).code).toBe(0)
  })

  test('by Ctrl-C on thaw run: at once, cleanly, 130', async () => {
    const child = spawn(process.execPath, [bundle, 'run', 'long.thaw.json', '--json'], { cwd: folder })
    let out = ''
    let err = ''
    child.stdout.on('data', (data: Buffer) => (out += data.toString()))
    child.stderr.on('data', (data: Buffer) => (err += data.toString()))
    while (!err.includes(': step ')) await new Promise((resolve) => setTimeout(resolve, 50))
    child.kill('SIGINT')
    const code = await new Promise((resolve) => child.on('exit', resolve))
    expect(code).toBe(130)
    expect(JSON.parse(out.trim())).toMatchObject({ state: 'stopped' })
  })

  test('by Ctrl-C before there is anything to see: no process is left behind', async () => {
    const child = spawn(process.execPath, [bundle, 'run', 'long.thaw.json', '--out', 'early', '--json'], {
      cwd: folder,
    })
    const runs = join(folder, 'early')
    const begun = () => existsSync(runs) && readdirSync(runs).some((name) => /^\d/.test(name))
    while (!begun() && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 5))
    child.kill('SIGINT')
    expect(await new Promise((resolve) => child.on('exit', resolve))).toBe(130)
    const rows = JSON.parse(thaw('ls', '--runs', 'early', '--json').out) as { state: string }[]
    expect(rows).toMatchObject([{ state: 'stopped' }])
  })

  test('what does not run is not stopped, and then nothing else is', () => {
    const { run: id } = json<{ run: string }>('run', 'long.thaw.json', '--detach')
    const over = json<{ run: string }>('run', 'small.thaw.json').run
    const { code, err } = thaw('stop', id, over)
    expect(err).toBe(`${over}: does not run, so there is nothing to stop; \`thaw ls\` shows what runs`)
    expect(code).toBe(2)
    expect(json('show', id)).toMatchObject({ state: 'running' })
    expect(thaw('stop', id).code).toBe(0)
  })

  test('by the removal of its folder: its process ends', async () => {
    const started = json<{ run: string; folder: string }>('run', 'long.thaw.json', '--detach')
    const { pid } = JSON.parse(readFileSync(join(started.folder, 'status.json'), 'utf8')) as { pid: number }
    rmSync(started.folder, { recursive: true, force: true })
    const alive = () => {
      try {
        // a zombie of this container's own init is no process any more
        return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
      } catch {
        return false
      }
    }
    for (let i = 0; alive() && i < 200; i++) await new Promise((resolve) => setTimeout(resolve, 50))
    expect(alive()).toBe(false)
  })
})

test('a run that comes to numbers that are none is 1, and keeps its last good checkpoint', () => {
  const optimizer = { name: 'sgd', rate: 100, headRate: 100, weightDecay: 10 }
  write('nan.thaw.json', {
    ...run,
    train: { ...run.train, steps: 60, optimizer, schedule: { name: 'constant', warmup: 0 } },
  })
  const {
    code,
    state,
    message,
    folder: path,
  } = json<{ state: string; message: string; folder: string }>('run', 'nan.thaw.json')
  expect({ code, state }).toEqual({ code: 1, state: 'failed' })
  expect(message).toMatch(/^step \d+ gave numbers that are not finite; it began in /)
  expect(readdirSync(join(path, 'checkpoints')).length).toBeGreaterThan(0)
})

describe('bad input has its sentence and its exit code, and nothing is written', () => {
  const small = (over: object) => JSON.stringify({ ...run, ...over })
  const cases: [what: string, content: string, sentence: string][] = [
    ['not JSON', '{"train": {', '1:12: this is not JSON: a `{` is never closed by `}`'],
    ['an unknown field', '{"trian": {}}', '1:2 trian: unknown field "trian"; did you mean "train"?'],
    ['a wrong type', '{"train": {"steps": "many"}}', '1:21 train.steps: "many" is not a whole number'],
    ['a negative number', '{"train": {"steps": -3}}', '1:21 train.steps: -3 is below 0'],
    ['a huge number', '{"train": {"steps": 1e300}}', '1:21 train.steps: 1e+300 is above 10000000'],
    [
      'a prototype key',
      '{"__proto__": {}}',
      '1:2 __proto__: `__proto__` is not allowed as a field name; remove it',
    ],
  ]
  test.each(cases)('%s', (_, content, sentence) => {
    const before = readdirSync(join(folder, '.thaw/runs')).sort()
    write('bad.thaw.json', content)
    for (const command of ['validate', 'run', 'preflight']) {
      const { code, err } = thaw(command, 'bad.thaw.json')
      expect(err).toContain(`bad.thaw.json:${sentence}`)
      expect(code).toBe(2)
    }
    expect(readdirSync(join(folder, '.thaw/runs')).sort()).toEqual(before)
  })

  test.each([
    ['a folder that is not there', small({ data: { source: 'nowhere' } }), 'data.source'],
    ['no images', small({ data: { source: 'empty' } }), 'no images'],
    ['an unknown network', small({ model: { source: 'none', architecture: 'resnet19' } }), 'resnet1'],
    ['a layer that is none', small({ freeze: [{ train: ['stage99*'] }] }), 'stage99'],
    [
      'a layer that is none, in an action',
      small({ train: { ...run.train, actions: [{ at: 3, do: { freeze: ['stage98'] } }] } }),
      'train.actions[0].do.freeze',
    ],
  ])('%s: run and preflight are 2', (_, content, sentence) => {
    mkdirSync(join(folder, 'empty'), { recursive: true })
    write('bad.thaw.json', content)
    for (const command of ['preflight', 'run']) {
      const { code, err } = thaw(command, 'bad.thaw.json')
      expect(err).toContain(sentence)
      expect(err).not.toMatch(/\n\s+at /)
      expect(code).toBe(2)
    }
  })

  test('a folder that cannot be trained on is told by init, which does not send on to run', () => {
    cpSync(join(folder, 'images/bird'), join(folder, 'single/bird'), { recursive: true })
    const { out, err } = thaw('init', 'single')
    expect(err).toContain('There is only one class, "bird": nothing to tell apart')
    expect(out).toContain('mend what is told above first, then: thaw preflight single.thaw.json')
    expect(out).not.toContain('thaw run')
  })

  test('a broken image is named by preflight', () => {
    cpSync(join(folder, 'images'), join(folder, 'broken'), { recursive: true })
    writeFileSync(join(folder, 'broken/bird/zero.png'), '')
    write('bad.thaw.json', small({ data: { ...run.data, source: 'broken' } }))
    const { code, err } = thaw('preflight', 'bad.thaw.json')
    expect(err).toContain('zero.png')
    expect(code).toBe(2)
  })

  test('a folder without write permission', () => {
    mkdirSync(join(folder, 'locked'))
    chmodSync(join(folder, 'locked'), 0o500)
    // root may write into any folder but those of the kernel
    const locked = process.getuid?.() === 0 ? '/sys' : 'locked'
    const { code, err } = thaw('run', 'small.thaw.json', '--out', `${locked}/runs`)
    expect(err).toMatch(/permission|permitted|read-only/)
    expect(err).toContain(`${locked}/runs`)
    expect(code).toBe(3)
  })

  test.each([
    ['cut off in its header', Buffer.from([200, 0, 0, 0, 0, 0, 0, 0, 123])],
    ['with a header that claims 100 GB', Buffer.concat([u64(100_000_000_000), Buffer.from('{}')])],
    [
      'with values outside of the file',
      safetensors({ w: { dtype: 'F32', shape: [9], data_offsets: [0, 36] } }),
    ],
    ['without the layers it should have', safetensors({})],
  ])('a model file %s', (_, bytes) => {
    writeFileSync(join(folder, 'model.safetensors'), bytes)
    const model = { source: 'model.safetensors', architecture: 'resnet18', inputSize: 32 }
    write('bad.thaw.json', small({ model, strategy: 'full' }))
    const { code, err } = thaw('run', 'bad.thaw.json')
    expect(err).toContain('model.safetensors')
    expect(err).not.toMatch(/\n\s+at /)
    expect(code).toBe(2)
  })

  test('a place for runs that is a file', () => {
    write('file', 'not a folder')
    const { code, err } = thaw('run', 'small.thaw.json', '--out', 'file/runs')
    expect(err).toContain('file/runs')
    expect(err).not.toMatch(/\n\s+at /)
    expect(code).toBe(2)
  })
})
