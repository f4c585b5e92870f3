import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { spawn, spawnSync } from 'node:child_process'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  attemptOwner,
  createRunFolder,
  createRunId,
  errorCode,
  explainFailure,
  identityOf,
  isAlive,
  livenessOf,
  openRunFolder,
  ownIdentity,
  readStatus,
  runsFolder,
  SupersededError,
  takeAttempt,
  writeStatus,
  type RunStatus,
} from '../../../src/events'
import { UserError } from '../../../src/spec/types'

let base: string
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'thaw-folder-'))
})
afterEach(() => rmSync(base, { recursive: true }))

const status = (changes: Partial<RunStatus> = {}): RunStatus => ({
  ...ownIdentity(),
  attempt: 1,
  heartbeat: Date.now(),
  state: 'running',
  step: 3,
  steps: 60,
  ...changes,
})

describe('run ids and folders', () => {
  test('ids can be read and sort by time', () => {
    const early = createRunId('Full fine-tuning!', new Date(2026, 10, 25, 1, 31))
    expect(early).toMatch(/^20261125-0131-full-fine-tuning-[0-9a-f]{4}$/)
    expect(early < createRunId('a', new Date(2026, 10, 25, 1, 32))).toBe(true)
    expect(createRunId('///')).toMatch(/-run-[0-9a-f]{4}$/)
  })

  test('a run folder lies in .thaw/runs, which git ignores', () => {
    const folder = createRunFolder(runsFolder(base), 'one')
    expect(folder.path).toBe(join(base, '.thaw/runs/one'))
    expect(readFileSync(join(base, '.thaw/.gitignore'), 'utf8')).toBe('*\n')
    expect(openRunFolder(folder.path)).toEqual(folder)
  })

  test("a folder of the user's own choice gets no .gitignore", () => {
    createRunFolder(join(base, 'out'), 'one')
    expect(readdirSync(base)).toEqual(['out'])
  })

  test('ids that are no plain names, or are taken, are refused', () => {
    for (const id of ['../up', 'a/b', '.hidden', '', 'x'.repeat(101), 'a\0b']) {
      expect(() => createRunFolder(base, id)).toThrow(/cannot be the name of a run/)
    }
    createRunFolder(base, 'one')
    expect(() => createRunFolder(base, 'one')).toThrow(/already a run called "one"/)
    expect(() => openRunFolder(join(base, 'two'))).toThrow(/There is no run in/)
  })

  test('a place where nothing can be written gives a sentence with an exit code', () => {
    writeFileSync(join(base, 'file'), '')
    expect(() => createRunFolder(join(base, 'file/runs'), 'one')).toThrow(
      /a part of that path is a file, not a folder/,
    )
    const cases = { EACCES: 3, EROFS: 3, ENOSPC: 3, EDQUOT: 3, ENAMETOOLONG: 2 }
    for (const [code, exitCode] of Object.entries(cases)) {
      const error = explainFailure(Object.assign(new Error('x'), { code }), 'make the run folder', '/a/b')
      expect(error).toBeInstanceOf(UserError)
      expect((error as UserError).exitCode).toBe(exitCode)
      expect((error as UserError).message).toMatch(/^Could not make the run folder \/a\/b: .+\. .+\.$/)
    }
    expect(errorCode(explainFailure(Object.assign(new Error('x'), { code: 'EIO' }), 'a', 'b'))).toBe('EIO')
  })
})

describe('attempts', () => {
  test('are numbered from 1, and the older writer must stop', () => {
    const { path } = createRunFolder(base, 'one')
    const first = takeAttempt(path)
    expect(first.number).toBe(1)
    first.assertCurrent()
    const second = takeAttempt(path)
    expect(second.number).toBe(2)
    expect(() => first.assertCurrent()).toThrow(SupersededError)
    expect(() => first.assertCurrent()).toThrow(/taken over by attempt 2; attempt 1 stops here/)
    second.assertCurrent()
    expect(attemptOwner(path, 2)).toEqual(ownIdentity())
  })

  test('end when the run folder is removed: nobody could stop who works on without it', () => {
    const { path } = createRunFolder(base, 'going')
    const attempt = takeAttempt(path)
    rmSync(path, { recursive: true })
    expect(() => attempt.assertCurrent()).toThrow(SupersededError)
    expect(() => attempt.assertCurrent()).toThrow(/folder of this run was removed/)
  })

  test('of those who saw the same state only one gets the next', () => {
    const { path } = createRunFolder(base, 'one')
    takeAttempt(path)
    takeAttempt(path, 1)
    expect(() => takeAttempt(path, 1)).toThrow(/Another process has just started attempt 2 of this run/)
    expect(readdirSync(join(path, 'attempts')).sort()).toEqual(['1', '2'])
  })
})

describe('the status', () => {
  test('comes back, and a damaged or missing one is none', () => {
    const { path } = createRunFolder(base, 'one')
    expect(readStatus(path)).toBeUndefined()
    writeStatus(path, status())
    expect(readStatus(path)).toMatchObject({ pid: process.pid, step: 3 })
    expect(readdirSync(path).sort()).toEqual(['attempts', 'status.json'])
    for (const text of ['', '{', '[]', '{"pid":"x"}', 'null']) {
      writeFileSync(join(path, 'status.json'), text)
      expect(readStatus(path)).toBeUndefined()
    }
  })

  test('a late heartbeat means slow, never dead', () => {
    expect(isAlive(status({ heartbeat: 0 }))).toBe(true)
    expect(isAlive(status({ heartbeat: Date.now() + 1e9 }))).toBe(true)
  })

  test.runIf(process.platform === 'linux')(
    'a machine that was given another name still sees its processes',
    () => {
      expect(livenessOf(status({ host: 'old-name' }))).toBe('alive')
    },
  )

  test('another start time, another boot or no process means dead; another host is not known', () => {
    expect(livenessOf(status({ processStart: '1' }))).toBe('dead')
    expect(livenessOf(status({ bootId: 'other' }))).toBe('dead')
    expect(livenessOf(status({ pid: 0 }))).toBe('dead')
    expect(livenessOf(status({ host: 'elsewhere', processStart: '1' }))).toBe('unknown')
    expect(livenessOf(status({ host: 'elsewhere', bootId: 'other' }))).toBe('unknown')
    const { pid } = spawnSync(process.execPath, ['-e', ''])
    expect(livenessOf(status({ pid: pid! }))).toBe('dead')
  })

  test.runIf(process.platform === 'linux')(
    'a killed process that its parent has not collected is dead',
    async () => {
      // a shell that never waits for its child
      const parent = spawn('sh', ['-c', 'sleep 60 & echo $!; exec sleep 60'], {
        stdio: ['ignore', 'pipe', 'ignore'],
      })
      try {
        const pid = Number(
          await new Promise((resolve) =>
            parent.stdout.once('data', (data: Buffer) => resolve(data.toString())),
          ),
        )
        const identity = identityOf(pid)
        expect(livenessOf(identity)).toBe('alive')
        // until it is the sleep, the shell would still collect its child
        await expect.poll(() => readFileSync(`/proc/${parent.pid}/comm`, 'utf8').trim()).toBe('sleep')
        process.kill(pid, 'SIGKILL')
        await expect.poll(() => livenessOf(identity)).toBe('dead')
        expect(existsSync(`/proc/${pid}`)).toBe(true)
      } finally {
        parent.kill('SIGKILL')
      }
    },
  )

  test('is written over and over without a reader ever seeing half of it', () => {
    const { path } = createRunFolder(base, 'one')
    mkdirSync(join(path, 'checkpoints'))
    for (let step = 0; step < 100; step++) {
      writeStatus(path, status({ step }))
      expect(readStatus(path)?.step).toBe(step)
    }
  })
})
