import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CheckpointStore } from '../../src/events'
import { TEXT_LIMIT } from '../../src/notebook/protocol'
import { readRun, until } from './runs'
import { TestKernel, weightsIn, weightsOfFile } from './notebookKernel'
import { makeTinyData } from './tinyRun'

const BEGIN = `
  const kept41 = 41
  const model = await load('small_cnn', { inputSize: 16, dropout: 0.2 })
  const data = await images('images', { split: { test: 0.3 } })
  const tuned = (options = {}) => tune(model, data, { steps: 12, batchSize: 4, backend: 'wasm', rate: 1e-3, ...options })
  const values = (session) => JSON.stringify(session.weights.names().map((name) => [name, Array.from(session.weights.get(name).data)]))
`

let base: string
let kernel: TestKernel
beforeAll(async () => {
  base = await makeTinyData()
  kernel = new TestKernel(base)
  await kernel.ok(BEGIN)
})
afterAll(() => kernel.close())

describe('a cell', () => {
  test('declares for the cells after it, awaits at the top, and shows its last value', async () => {
    await kernel.ok('const a: number = await Promise.resolve(41)\nfunction add(x: number) { return a + x }')
    expect((await kernel.ok('console.log("working"); add(1)')).text).toBe('working\n\n42')
  })

  test('fails at its own line and column, through functions of other cells', async () => {
    await kernel.ok(
      'type T = { x: number }\n\nfunction fail(t: T): never { throw new RangeError(`no ${t.x}`) }',
    )
    const { result, outputs } = await kernel.run('const t = { x: 3 } as T\nawait null\n   fail(t)')
    expect(result?.ok).toBe(false)
    const [failure] = outputs
    expect(failure).toMatchObject({ name: 'RangeError', message: 'no 3', place: { line: 3, column: 36 } })
    expect((failure as { stack: string }).stack.split('\n').slice(1)).toEqual([
      expect.stringMatching(/^ {4}at fail \(cell \d+, line 3, column 36\)$/),
      expect.stringMatching(/^ {4}at cell \d+, line 3, column 4$/),
    ])
  })

  test('imports TypeScript of the workspace, again when it has changed, and packages', async () => {
    mkdirSync(join(base, 'node_modules/pack'), { recursive: true })
    writeFileSync(join(base, 'node_modules/pack/index.js'), 'exports.three = 3')
    writeFileSync(join(base, 'part.ts'), `import { three } from 'pack'\nexport const part: number = three`)
    writeFileSync(join(base, 'whole.ts'), `import { part } from './part'\nexport default part + 1`)
    const code = `import whole from './whole'\nimport { three } from 'pack'\nimport { join } from 'node:path'\n;[whole, three, join('a', 'b')]`
    expect((await kernel.ok(code)).text).toBe("[ 4, 3, 'a/b' ]")
    await sleep(20)
    writeFileSync(join(base, 'part.ts'), `export const part: number = 10`)
    expect((await kernel.ok(code)).text).toBe("[ 11, 3, 'a/b' ]")
    expect((await kernel.run(`import x from './nothing'`)).text).toContain(
      'There is no file "./nothing" to import',
    )
  })

  test('prints at most so much, and says how much it did not keep', async () => {
    const { outputs } = await kernel.ok(`for (let i = 0; i < 3000; i++) console.log('x'.repeat(999))`)
    const text = outputs.map((output) => (output.type === 'text' ? output.text : '')).join('')
    expect(text.length).toBeGreaterThanOrEqual(TEXT_LIMIT)
    expect(text.length).toBeLessThan(TEXT_LIMIT + 200)
    expect(text).toMatch(/2,500,000 more characters were not kept/)
  })

  test('hears of a rejection that nobody awaits, and the kernel lives on', async () => {
    const { text } = await kernel.ok(
      `Promise.reject(new Error('left alone')); await new Promise((r) => setTimeout(r, 50))`,
    )
    expect(text).toContain('left alone')
    const thrown = await kernel.ok(
      `setTimeout(() => { throw new Error('from a timer') }, 1); await new Promise((r) => setTimeout(r, 50))`,
    )
    expect(thrown.text).toContain('from a timer')
    expect((await kernel.ok('kept41')).text).toBe('41')
  })
})

describe('an interrupt', () => {
  test.each([
    ['from the start', 'while (true) {}'],
    ['after an await, catching everything', 'await null; for (;;) { try { JSON.stringify([1]) } catch {} }'],
    ['in a function that waits for ever', 'await new Promise(() => {})'],
  ])('ends code that loops %s; what cells made stays', async (_what, code) => {
    const running = kernel.run(code)
    await sleep(300)
    kernel.host.interrupt()
    const { result, text } = await running
    expect(result).toMatchObject({ ok: false, interrupted: true })
    expect(text).toContain('Interrupted')
    expect((await kernel.ok('kept41')).text).toBe('41')
  })

  test('ends steps at a border; the session stands between two and goes on', async () => {
    const running = kernel.run(
      `import { writeFileSync } from 'node:fs'; const long = tuned({ steps: 100000 }); await long.step(1); writeFileSync('stepped', ''); await long.step(99999)`,
    )
    await until('the first step', () => existsSync(join(base, 'stepped')))
    kernel.host.interrupt()
    const { result, text } = await running
    expect(result).toMatchObject({ ok: false, interrupted: true })
    const stands = Number(/stands after step (\d+)/.exec(text)![1])
    expect(stands).toBeGreaterThan(0)
    expect((await kernel.ok('await long.step(1); long.steps')).text).toContain(String(stands + 1))
    await kernel.ok('await long.close()')
  })

  test('drops cells that wait', async () => {
    const running = kernel.run('await new Promise((r) => setTimeout(r, 60000))')
    const waiting = kernel.run('1')
    await sleep(200)
    kernel.host.interrupt()
    expect((await waiting).news.type).toBe('dropped')
    await running
  })
})

test('a kernel that runs out of memory says so, and a new one takes its place', async () => {
  const other = new TestKernel(base)
  try {
    // old space is limited for this process alone, so that the test is quick
    await other.ok(`import v8 from 'node:v8'\nv8.setFlagsFromString('--max-old-space-size=120')`)
    const { news } = await other.run('const all = []; for (;;) all.push(new Array(100_000).fill(0.5))')
    expect(news).toMatchObject({ type: 'lost', failure: 'out-of-memory' })
    expect((news as { why: string }).why).toMatch(/^The kernel ran out of memory\..* run them again\./)
    expect(other.host.status.state).toBe('lost')
    expect((await other.ok('1 + 1')).text).toBe('2')
    const died = await other.run('process.exit(7)')
    expect(died.news).toMatchObject({
      type: 'lost',
      failure: 'crashed',
      why: expect.stringContaining('code 7') as string,
    })
  } finally {
    await other.close()
  }
})

test('a kernel that is shut down in an endless loop ends the runs of its sessions first', async () => {
  const other = new TestKernel(base)
  await other.ok(
    `const s = tune(await load('small_cnn', { inputSize: 16 }), 'images', { steps: 9, batchSize: 4, backend: 'wasm' }); await s.step(2)`,
  )
  const { sessions } = await other.host.sessions()
  const looping = other.run(
    `import { writeFileSync } from 'node:fs'; writeFileSync('loops', ''); for (;;) {}`,
  )
  await until('the loop', () => existsSync(join(base, 'loops')))
  await other.close()
  expect((await looping).news.type).toBe('lost')
  const { folder } = sessions[0]!
  expect((await readRun(folder)).view.ended).toMatchObject({ state: 'stopped', step: 2 })
  expect(new CheckpointStore(folder).latest()).toBe(2)
})

/** Bytes of the checkpoint that a session writes now. */
async function weightsOfSession(name: string): Promise<Buffer> {
  await kernel.ok(`await ${name}.checkpoint()`)
  const { sessions } = await kernel.host.sessions()
  return weightsIn(sessions.find(({ variable }) => variable === name)!.folder)
}

describe('a session', () => {
  test('saved as a run file gives the same weights from the command line, bit for bit', async () => {
    await kernel.ok(
      `const one = tuned(); await one.step(3); one.freeze('stage1'); one.rate = 5e-4; await one.step(4); one.unfreeze('stage1'); await one.step(2)`,
    )
    await kernel.ok(`await one.toRunFile('one')`)
    expect(await weightsOfFile(base, 'one.thaw.json')).toEqual(await weightsOfSession('one'))
    // and to the planned end
    await kernel.ok(`await one.step(3); await one.toRunFile('all')`)
    expect(await weightsOfFile(base, 'all.thaw.json')).toEqual(await weightsOfSession('one'))
  })

  test('goes back to any step exactly, whatever was done since', async () => {
    await kernel.ok(`
      const walk = tuned({ seed: 4 })
      const past: string[] = []
      const losses: number[] = []
      for (let i = 0; i < 8; i++) {
        await walk.step(1)
        past.push(values(walk))
        if (i === 2) walk.freeze('stage2')
        if (i === 4) walk.rate = 1e-4
      }`)
    for (const step of [1, 3, 4, 6, 8]) {
      const { text } = await kernel.ok(
        `const back = await walk.at(${step}); const same = values(back) === past[${step - 1}]; same`,
      )
      expect(text.trim().split('\n').at(-1), `step ${step}`).toBe('true')
      await kernel.ok('await back.close()')
    }
    // the way on from there is the same too, as long as the same is done
    const { text } = await kernel.ok(`
      const again = await walk.at(3)
      again.freeze('stage2')
      await again.step(2)
      again.rate = 1e-4
      await again.step(3)
      values(again) === past[7]`)
    expect(text.trim().split('\n').at(-1)).toBe('true')
  })

  test('forks with the same options to the same weights, with others on the same batches', async () => {
    const { text } = await kernel.ok(`
      const root = tuned({ seed: 6 })
      await root.step(4)
      const twin = root.fork()
      const other = root.fork({ strategy: 'last-k', k: 1 })
      const seen = [(await root.batch()).paths, (await twin.batch()).paths, (await other.batch()).paths].map(String)
      await root.step(3); await twin.step(3); await other.step(3)
      const later = [(await root.batch()).paths, (await other.batch()).paths].map(String)
      ;[values(root) === values(twin), values(root) === values(other), new Set(seen).size, new Set(later).size, other.steps]`)
    expect(text.trim().split('\n').at(-1)).toBe('[ true, false, 1, 1, 7 ]')
  })

  test('a fork with another strategy becomes a run file too, with the checkpoint that it begins from', async () => {
    await kernel.ok(`other.freeze('bn4'); await other.step(2); await other.toRunFile('other')`)
    expect(readdirSync(join(base, 'other.start'))).toContain('state.json')
    expect(await weightsOfFile(base, 'other.thaw.json')).toEqual(await weightsOfSession('other'))
  })

  test('names the cell that changed weights by itself, and gives no run file', async () => {
    await kernel.ok(`const mine = tuned(); await mine.step(1)`)
    const { result } = await kernel
      .ok(`mine.weights.set('head.weight', mine.weights.get('head.weight').data.map((x) => x * 2))`)
      .catch(async () => {
        const names = await kernel.ok('mine.weights.names().join()')
        throw new Error(names.text)
      })
    expect(result?.ok).toBe(true)
    const refused = await kernel.run(`await mine.toRunFile('mine')`)
    expect(refused.text).toMatch(
      /^UserError: cell \d+ changed weights outside of the session's actions \(after step 1\)/,
    )
    // through the engine's own object, which no method sees
    await kernel.ok(`const sly = tuned(); await sly.step(1)`)
    await kernel.ok(`sly.raw.bank.set('head.bias', sly.raw.w0.get('head.bias').clone())`)
    await kernel.ok('1')
    expect((await kernel.run(`await sly.toRunFile()`)).text).toMatch(/cell \d+ changed weights/)
    await kernel.ok('await mine.close(); await sly.close()')
  })

  test('is a run folder with the events of a run, which ends with it', async () => {
    await kernel.ok(`const kept = tuned({ name: 'kept' }); await kept.step(2); kept.freeze('stage1')`)
    const { sessions } = await kernel.host.sessions()
    const { folder } = sessions.find(({ variable }) => variable === 'kept')!
    await kernel.ok('await kept.close()')
    const { view } = await readRun(folder)
    expect(view).toMatchObject({ name: 'kept', step: 2, missingSteps: 0 })
    expect(view.ended?.state).toBe('stopped')
    expect(view.controls.at(-1)).toMatchObject({ source: 'notebook', step: 2 })
    expect(view.layers.length).toBeGreaterThan(3)
  })

  test('compares, predicts, and shows its layers, with words for where no renderer is', async () => {
    const compared = await kernel.ok('compare(root, other)')
    expect(compared.outputs[0]).toMatchObject({
      items: {
        'application/vnd.thaw.comparison+json': { v: 1, from: 4, until: 7, difference: { split: 'test' } },
      },
    })
    expect((await kernel.ok('root.predict(data.test.sample(3))')).text).toMatch(/of 3 right$/)
    expect((await kernel.ok(`root.predict('images/dark/1.png')`)).text).toContain('images/dark/1.png')
    expect((await kernel.ok('root.layers()')).text).toContain('stage1')
    expect((await kernel.ok('root.gradients()')).text).toContain('Gradients of step 7')
  })
})

test('cells of run-file JSON train, freeze, fork and save without code', async () => {
  await kernel.ok(
    `{ "model": { "source": "none", "architecture": "small_cnn", "inputSize": 16 }, "data": { "source": "images" },
       // comments are allowed
       "train": { "steps": 6, "batchSize": 4 }, "backend": "wasm", "take": 3 }`,
    'json',
  )
  expect((await kernel.ok('session.steps')).text).toBe('3')
  await kernel.ok('{ "freeze": ["stage1"], "take": "all", "show": ["freezeMap", "curves"] }', 'json')
  expect((await kernel.ok('session.steps')).text).toBe('6')
  const forked = await kernel.ok(
    '{ "at": 3, "fork": { "rate": 1e-4 }, "as": "held", "take": 3, "compare": ["session", "held"] }',
    'json',
  )
  expect(forked.text).toContain('held minus session')
  await kernel.ok('{ "save": "json-made" }', 'json')
  expect(await weightsOfFile(base, 'json-made.thaw.json')).toEqual(await weightsOfSession('session'))
  expect((await kernel.run('{ "tke": 3 }', 'json')).text).toContain('did you mean "take"?')
  expect((await kernel.run('{ "train": { "steps": -1 } }', 'json')).text).toMatch(
    /line 1, column 23, train\.steps/,
  )
})
