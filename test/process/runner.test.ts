import { execFileSync, spawn } from 'node:child_process'
import { build } from 'esbuild'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { livenessOf, readStatus, runsFolder, type RunEvent } from '../../src/events'
import {
  forkRun,
  listRuns,
  removeRun,
  resumeRun,
  RunQueue,
  RunWatcher,
  sendControl,
  startRun,
} from '../../src/runner'
import { finalBytes, finished, readRun, runningAt, until } from './runs'
import { makeTinyData, tinySpec } from './tinyRun'

let base: string
let root: string
/** The runner as one file, to be used from processes of the tests' own. */
let bundled: string
const start = async (train: Record<string, unknown> = {}) =>
  (await startRun({ spec: tinySpec({ steps: 400, ...train }), base, root })).folder
const pidOf = (folder: string) => readStatus(folder)!.pid

beforeAll(async () => {
  base = await makeTinyData()
  root = runsFolder(base)
  bundled = join(base, 'runner.cjs')
  const entry = 'src/runner/index.ts'
  await build({
    entryPoints: [entry],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    outfile: bundled,
    logLevel: 'error',
  })
  for (const name of ['trainer.js', 'heartbeat.js']) {
    const file = `module.exports = require(${JSON.stringify(join(process.cwd(), 'dist', name))})`
    writeFileSync(join(base, name), file)
  }
})
afterAll(async () => {
  for (const { folder } of await listRuns(root)) {
    const status = readStatus(folder)
    if (status && livenessOf(status) === 'alive') process.kill(status.pid, 'SIGKILL')
  }
  rmSync(base, { recursive: true, force: true })
})

/** Runs a piece of code with the runner as `runner` in a process of its own. */
function inProcess(code: string, uid?: number) {
  const script = `const runner = require(${JSON.stringify(bundled)}); (async () => { ${code} })().catch((error) => { console.error(error.message); process.exit(error.exitCode ?? 99) })`
  return spawn(process.execPath, ['-e', script], { detached: true, stdio: ['ignore', 'pipe', 'pipe'], uid })
}

async function outcome(child: ReturnType<typeof inProcess>) {
  let out = ''
  let err = ''
  child.stdout.on('data', (data: Buffer) => (out += data.toString()))
  child.stderr.on('data', (data: Buffer) => (err += data.toString()))
  const [code] = (await once(child, 'close')) as [number]
  return { code, out, err }
}

describe('a run as a process', () => {
  test('goes on when the process that started it is killed with its whole group', async () => {
    const spec = JSON.stringify(tinySpec({ steps: 400 }))
    const parent = inProcess(
      `const run = await runner.startRun({ spec: ${spec}, base: ${JSON.stringify(base)}, root: ${JSON.stringify(root)} }); console.log(run.folder); setInterval(() => {}, 1000)`,
    )
    const early = outcome(parent).then(({ err }) => Promise.reject(new Error(err)))
    early.catch(() => undefined)
    const [line] = (await Promise.race([once(parent.stdout, 'data'), early])) as [Buffer]
    const folder = line.toString().trim()
    const { step } = await runningAt(folder, 1)
    process.kill(-parent.pid!, 'SIGKILL')
    await once(parent, 'close')
    await runningAt(folder, step + 3)
    const pid = pidOf(folder)
    expect(pid).not.toBe(parent.pid)
    if (process.platform === 'linux') {
      // a session of its own: no terminal and no group reaches it
      expect(execFileSync('ps', ['-o', 'sid=', '-p', String(pid)], { encoding: 'utf8' }).trim()).toBe(
        String(pid),
      )
    }
    await sendControl(folder, { do: 'stop' })
    await finished(folder)
    expect(readStatus(folder)!.state).toBe('stopped')
    const started = (await readRun(folder)).view.started!
    expect(started.process).toMatchObject({ pid, execPath: process.execPath, node: process.version })
  })

  test('SIGTERM stops it between two steps with a checkpoint, from which it goes on', async () => {
    const folder = await start()
    await runningAt(folder, 2)
    process.kill(pidOf(folder), 'SIGTERM')
    await finished(folder)
    const { view } = await readRun(folder)
    expect(view.state).toBe('stopped')
    expect(view.checkpoints.at(-1)!.step).toBe(view.step)
    expect(existsSync(join(folder, 'control.json'))).toBe(false)
    await resumeRun(folder)
    const status = await runningAt(folder, view.step + 2)
    expect(status.attempt).toBe(2)
    await sendControl(folder, { do: 'stop' })
    await finished(folder)
    const after = (await readRun(folder)).view
    expect(after.attempts.map((item) => item.from)).toEqual([0, view.step])
    expect([after.missingSteps, after.repeatedSteps]).toEqual([0, 0])
  })

  test('its heartbeat goes on each second while the main thread is busy', async () => {
    const contents = `
      import { runAttempt } from './src/runner/runAttempt'
      const busy = async (spec, env) => {
        for (const end = Date.now() + 5000; Date.now() < end; );
        return { state: 'finished', step: 0, seconds: 5, moved: 0, distance: 0 }
      }
      void runAttempt(process.argv[2], Number(process.argv[3]), busy).then((code) => process.exit(code))`
    const trainer = join(base, 'busy.js')
    const stdin = { contents, resolveDir: process.cwd(), loader: 'ts' as const }
    await build({ stdin, bundle: true, platform: 'node', format: 'cjs', outfile: trainer, logLevel: 'error' })
    const { folder } = await startRun({ spec: tinySpec(), base, root, trainer })
    const beats = new Set<number>()
    for (let i = 0; i < 80 && readStatus(folder)!.state === 'preparing'; i++) {
      beats.add(readStatus(folder)!.heartbeat)
      await sleep(50)
    }
    expect(beats.size).toBeGreaterThanOrEqual(3)
    await finished(folder)
    expect(readStatus(folder)!.state).toBe('finished')
  })

  test('of several that resume at once exactly one gets it, the others exit with 2 and a sentence', async () => {
    const folder = await start()
    await runningAt(folder, 6)
    process.kill(pidOf(folder), 'SIGKILL')
    await until('its death', () => livenessOf(readStatus(folder)!) === 'dead')
    const at = Date.now() + 1500
    const code = `while (Date.now() < ${at}); await runner.resumeRun(${JSON.stringify(folder)})`
    const results = await Promise.all(Array.from({ length: 4 }, () => outcome(inProcess(code))))
    expect(results.map((result) => result.code).sort()).toEqual([0, 2, 2, 2])
    for (const { err } of results.filter((result) => result.code === 2)) {
      expect(err).toMatch(/^(Another process has just started attempt 2 of this run|The run \S+ is running)/)
    }
    expect(readdirSync(join(folder, 'attempts'))).toEqual(['1', '2'])
    await runningAt(folder, 7)
    await expect(resumeRun(folder)).rejects.toMatchObject({ exitCode: 2 })
    expect(() => removeRun(folder)).toThrow(/is running; stop it first/)
    await sendControl(folder, { do: 'stop' })
    await finished(folder)
  })

  test('a failure is one sentence in the log and no stack, with its exit code', async () => {
    const spec = tinySpec({}, { data: { source: 'nowhere' } })
    const { folder } = await startRun({ spec, base, root })
    await finished(folder)
    const { view } = await readRun(folder)
    expect(view.state).toBe('failed')
    expect(view.ended!.message).toMatch(/nowhere/)
    expect(view.ended!.message).not.toMatch(/\n\s+at /)
    expect(view.ended!.exitCode).toBe(2)
  })

  test('a folder where nothing can be written gives a sentence and an exit code, and leaves nothing', async () => {
    writeFileSync(join(base, 'a-file'), '')
    const run = startRun({ spec: tinySpec(), base, root: join(base, 'a-file', 'runs') })
    await expect(run).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(/a part of that path is a file/),
    })
    expect(statSync(join(base, 'a-file')).size).toBe(0)
  })

  test.runIf(process.platform !== 'win32')(
    'a folder without write permission: a sentence, exit code 3, nothing left behind',
    async () => {
      const locked = join(base, 'locked')
      mkdirSync(locked)
      chmodSync(locked, 0o555)
      chmodSync(base, 0o755)
      const code = `await runner.startRun({ spec: ${JSON.stringify(tinySpec())}, base: '/', root: ${JSON.stringify(join(locked, '.thaw/runs'))} })`
      // root may write everywhere: be nobody
      const { code: exitCode, err } = await outcome(
        inProcess(code, process.getuid!() === 0 ? 65534 : undefined),
      )
      expect(err).toMatch(
        /^Could not make the run folder .*locked.*: there is no permission to write there\. Give write permission/,
      )
      expect(exitCode).toBe(3)
      expect(readdirSync(locked)).toEqual([])
    },
  )

  test('a trainer that cannot start is told with what it said', async () => {
    const trainer = join(base, 'broken.js')
    writeFileSync(trainer, 'console.error("no such thing"); process.exit(7)')
    const run = startRun({ spec: tinySpec(), base, root, id: 'broken', trainer })
    await expect(run).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringMatching(/did not start: .*no such thing/),
    })
    expect((await listRuns(root)).find((item) => item.id === 'broken')!.state).toBe('failed')
    removeRun(join(root, 'broken'))
    expect(existsSync(join(root, 'broken'))).toBe(false)
  })
})

describe('control', () => {
  test('pause, step, rate, checkpoint and stop are done between steps, answered and told', async () => {
    const folder = await start()
    await runningAt(folder, 1)
    await sendControl(folder, { do: 'pause' }, 'test')
    await until('the pause', () => readStatus(folder)!.state === 'paused')
    const { step } = readStatus(folder)!
    await sleep(400)
    expect(readStatus(folder)!.step).toBe(step)
    await sendControl(folder, { do: 'step', count: 2 }, 'test')
    await until('two steps', () => readStatus(folder)!.step === step + 2)
    expect(await sendControl(folder, { do: 'checkpoint' }, 'test')).toMatchObject({
      folder: `checkpoints/${step + 2}`,
    })
    await sendControl(folder, { do: 'rate', factor: 0.5 }, 'test')
    await expect(sendControl(folder, { do: 'freeze', layers: ['no-such-layer'] })).rejects.toThrow(
      /no-such-layer/,
    )
    await sendControl(folder, { do: 'resume' }, 'test')
    await runningAt(folder, step + 4)
    await sendControl(folder, { do: 'stop' }, 'test')
    await finished(folder)
    const { view } = await readRun(folder)
    const told = view.controls.map((item) => (item.action as { do: string }).do)
    expect(told).toEqual(['pause', 'step', 'checkpoint', 'rate', 'resume', 'stop'])
    expect(view.controls.every((item) => item.source === 'test')).toBe(true)
    await expect(sendControl(folder, { do: 'pause' })).rejects.toThrow(
      /is not running, so it cannot be told anything/,
    )
  })

  test('a run folder path of 200 characters works, and its socket is private', async () => {
    const long = join(base, 'x'.repeat(Math.max(1, 200 - base.length - 30)), 'y'.repeat(60))
    mkdirSync(long, { recursive: true })
    const { folder } = await startRun({ spec: tinySpec({ steps: 400 }), base, root: join(long, 'runs') })
    expect(folder.length).toBeGreaterThan(200)
    await runningAt(folder, 1)
    const control = join(folder, 'control.json')
    expect(statSync(control).mode & 0o777).toBe(0o600)
    const address = JSON.parse(readFileSync(control, 'utf8')) as { socket: string }
    expect(address.socket.length).toBeLessThan(104)
    expect(statSync(join(address.socket, '..')).mode & 0o077).toBe(0)

    const { step } = readStatus(folder)!
    await runningAt(folder, step + 2)
    await sendControl(folder, { do: 'stop' })
    await finished(folder)
    expect((await readRun(folder)).view.controls.map((item) => item.source)).toEqual(['cli'])
  })
})

describe('watching, listing, forking, queueing', () => {
  test('a watcher that is closed and opened again at its cursor gives each event once and says how the run is over', async () => {
    const folder = await start({ steps: 12 })
    const seen: RunEvent[] = []
    let over: string | undefined
    let cursor = 0
    for (let turn = 0; over === undefined && turn < 1000; turn++) {
      const watcher = new RunWatcher(folder, {
        cursor,
        pollMs: 100,
        onEvents: (batch) => {
          seen.push(...batch.events)
          cursor = batch.cursor
        },
        onOver: (how) => (over = how),
      }).start()
      await sleep(150)
      watcher.dispose()
    }
    expect(over).toBe('ended')
    expect(seen).toEqual((await readRun(folder)).events)
    const [row] = await listRuns(root)
    expect(row).toMatchObject({ folder, state: 'finished', step: 12, strategy: 'full', split: 'test' })
    expect(row!.metrics!.balancedAccuracy).toBeGreaterThan(0)
  })

  test('a watcher says that a run was interrupted when its process is gone without a word', async () => {
    const folder = await start()
    await runningAt(folder, 1)
    const over = new Promise<string>((resolve) => {
      const watcher = new RunWatcher(folder, {
        pollMs: 100,
        onEvents: () => {},
        onOver: (how) => (watcher.dispose(), resolve(how)),
      })
      watcher.start()
    })
    process.kill(pidOf(folder), 'SIGKILL')
    expect(await over).toBe('interrupted')
    expect((await listRuns(root)).find((item) => item.folder === folder)!.state).toBe('interrupted')
  })

  test('a fork goes on from a checkpoint with the same weights as its origin, which stays as it is', async () => {
    const folder = await start({ steps: 12, checkpoints: { every: 4, last: 9 } })
    await finished(folder)
    const before = readFileSync(join(folder, 'events.jsonl'))
    const fork = await forkRun(folder, { step: 8 })
    await finished(fork.folder)
    const [ours, theirs] = [finalBytes(fork.folder), finalBytes(folder)]
    expect(ours.weights.equals(theirs.weights) && ours.optimizer.equals(theirs.optimizer)).toBe(true)
    expect(readFileSync(join(folder, 'events.jsonl'))).toEqual(before)
    const { view } = await readRun(fork.folder)
    expect([view.attempts[0]!.from, view.state, view.missingSteps]).toEqual([8, 'finished', 0])
  })

  test('a queue runs no more at once than its limit, in order, with no process but the trainers to keep it going', async () => {
    const queueRoot = join(mkdtempSync(join(tmpdir(), 'thaw-queue-')), 'runs')
    const queue = new RunQueue(queueRoot)
    const runs: { folder: string }[] = []
    for (const id of ['a', 'b', 'c']) runs.push(await queue.add({ spec: tinySpec({ steps: 6 }), base, id }))
    expect(queue.list().map((item) => item.id)).toEqual(['b', 'c'])
    expect((await listRuns(queueRoot)).map((item) => [item.id, item.state === 'queued'])).toEqual([
      ['c', true],
      ['b', true],
      ['a', false],
    ])
    let most = 0
    await until('the last run', () => {
      const states = runs.map((run) => readStatus(run.folder)?.state)
      most = Math.max(most, states.filter((state) => state === 'running' || state === 'preparing').length)
      return states.every((state) => state === 'finished')
    })
    expect(most).toBe(1)
    const begins = await Promise.all(runs.map(async (run) => (await readRun(run.folder)).view.firstTime))
    expect(begins).toEqual([...begins].sort((a, b) => a - b))
    rmSync(join(queueRoot, '..'), { recursive: true })
  })
})
