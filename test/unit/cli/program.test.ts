import { catalog } from '../../../src/engine/strategies/catalog'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createProgram, runProgram } from '../../../src/cli/program'
import { findRun } from '../../../src/runner/find'
import { fakeTerminal } from './fixture'

let folder: string
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'thaw-cli-'))))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function thaw(...args: string[]) {
  const terminal = fakeTerminal(folder)
  const code = await runProgram(args, { terminal, exitCode: 0 }, '1.2.3')
  return { code, out: terminal.out.join('\n'), err: terminal.err.join('\n') }
}

test('every command has --json and says what it does', () => {
  const { commands } = createProgram({ terminal: fakeTerminal(), exitCode: 0 }, '0')
  expect(commands.map((command) => command.name())).toEqual([
    'init',
    'audit',
    'new',
    'check',
    'validate',
    'preflight',
    'layers',
    'run',
    'resume',
    'replay',
    'ls',
    'show',
    'watch',
    'stop',
    'predict',
    'evaluate',
    'tune',
    'compare',
    'export',
    'nb',
    'rm',
    'gc',
    'cache',
    'native',
    'doctor',
    'demo',
  ])
  for (const command of commands) {
    expect(command.options.map((option) => option.long)).toContain('--json')
    expect(command.description().length).toBeGreaterThan(10)
    for (const option of command.options) expect(option.description).not.toBe('')
  }
})

describe('what a user types wrongly', () => {
  test.each([
    [['rnu'], "unknown command 'rnu'\n(Did you mean run?)"],
    [['run'], "missing required argument 'file'"],
    [
      ['ls', 'modles'],
      "'modles' is invalid for argument 'what'. Allowed choices are runs, strategies, models, backends.",
    ],
    [['run', 'nothing.thaw.json'], 'nothing.thaw.json: there is no such file; `thaw init` writes a run file'],
    [['validate', '.'], '.: this is a folder; give the path of a run file'],
    [['show', 'abc'], 'abc: there are no runs in .thaw/runs; `thaw run FILE` starts one'],
    [['init', 'nowhere'], 'nowhere'],
  ])('%j is 2 with %j', async (args, sentence) => {
    const { code, err } = await thaw(...args)
    expect(err).toContain(sentence)
    expect(code).toBe(2)
  })

  test('with --json the same, as one line of JSON on stdout', async () => {
    const { code, out } = await thaw('run', 'nothing.thaw.json', '--json')
    expect(JSON.parse(out)).toMatchObject({ exitCode: 2, problems: [] })
    expect(code).toBe(2)
  })

  test.each([[['rnu']], [['run']], [['ls', 'modles']], [['export', 'x', '--format', 'onnx']]])(
    '%j with --json, which Commander tells, is a line of JSON too',
    async (args) => {
      const { code, out } = await thaw(...args, '--json')
      const { error, exitCode } = JSON.parse(out) as { error: string; exitCode: number }
      expect(error).toMatch(/rnu|file|modles|onnx/)
      expect([code, exitCode]).toEqual([2, 2])
    },
  )

  test('a wrong --set is blamed on the command line', async () => {
    writeFileSync(join(folder, 'ok.thaw.json'), '{}')
    const { code, err } = await thaw('run', 'ok.thaw.json', '--set', 'train.steps=-5')
    expect(err).toContain('--set train.steps=-5:1:1 train.steps: -5 is below 0')
    expect(code).toBe(2)
  })

  test('a run file of 50 MB is refused unread', async () => {
    writeFileSync(join(folder, 'big.thaw.json'), ' '.repeat(50_000_000))
    const { code, err } = await thaw('validate', 'big.thaw.json')
    rmSync(join(folder, 'big.thaw.json'))
    expect(err).toBe(
      'big.thaw.json:1:1: the file has 50 MB, a run file at most 1 MB; give the path of a run file',
    )
    expect(code).toBe(2)
  })

  test('nothing was written by any of them', () => {
    expect(readdirSync(folder).filter((name) => name !== 'ok.thaw.json')).toEqual([])
  })
})

test('help and version are 0', async () => {
  expect(await thaw('--version')).toMatchObject({ code: 0, out: '1.2.3' })
  expect((await thaw('--help')).out).toContain(
    'Exit codes: 0 ok, 1 the run failed, 2 what was written is wrong',
  )
})

test('ls strategies --json lists name, title, type, summary, source and cost', async () => {
  const rows = JSON.parse((await thaw('ls', 'strategies', '--json')).out) as Record<string, string>[]
  expect(rows.map((row) => row.name)).toEqual(catalog.map(({ name }) => name))
  for (const row of rows)
    expect(Object.keys(row)).toEqual(['name', 'title', 'type', 'summary', 'source', 'cost'])
})

describe('a run is found', () => {
  const root = '.thaw/runs'
  const make = (id: string, created: number) => {
    const path = join(folder, root, id)
    mkdirSync(join(path, 'attempts'), { recursive: true })
    writeFileSync(
      join(path, 'spec.json'),
      JSON.stringify({ v: 1, runId: id, name: id, base: folder, created, spec: {} }),
    )
  }
  beforeAll(() => {
    make('20260101-0101-full-aaaa', 2)
    make('20260101-0101-probe-bbbb', 1)
  })

  test('by id, by a part of it, by path, or as the last', () => {
    const id = (reference: string) => findRun(reference, root, folder).id
    expect(id('20260101-0101-full-aaaa')).toBe('20260101-0101-full-aaaa')
    expect(id('probe')).toBe('20260101-0101-probe-bbbb')
    expect(id(`./${root}/20260101-0101-full-aaaa`)).toBe('20260101-0101-full-aaaa')
    expect(id('last')).toBe('20260101-0101-full-aaaa')
  })

  test('and when it is not, the sentence says what to write', () => {
    expect(() => findRun('20260101', root, folder)).toThrow('2 runs have this in their id')
    expect(() => findRun('20260101-0101-ful-aaaa', root, folder)).toThrow(
      'did you mean 20260101-0101-full-aaaa?',
    )
    expect(() => findRun('./elsewhere', root, folder)).toThrow('There is no run in')
  })
})
