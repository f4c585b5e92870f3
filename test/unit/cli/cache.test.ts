import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { runProgram } from '../../../src/cli/program'
import { foldEvents, type RunEvent } from '../../../src/events'
import { showText } from '../../../src/cli/render/show'
import { fakeTerminal, viewAfter } from './fixture'

function place() {
  const folder = mkdtempSync(join(tmpdir(), 'thaw-cache-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const write = (path: string, bytes: number) => {
    const file = join(folder, '.thaw', path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, new Uint8Array(bytes))
    return file
  }
  return { folder, write }
}

async function thaw(cwd: string, ...args: string[]) {
  const terminal = fakeTerminal(cwd)
  const code = await runProgram(args, { terminal, exitCode: 0 }, '1')
  return { code, out: terminal.out.join('\n'), err: terminal.err.join('\n') }
}

test('ls tells files and bytes of each part, and writes nothing where there is no cache', async () => {
  const { folder, write } = place()
  expect(JSON.parse((await thaw(folder, 'cache', 'ls', '--json')).out)).toMatchObject({ bytes: 0 })
  expect(existsSync(join(folder, '.thaw'))).toBe(false)
  write('cache/features/c/k0.f32', 3000)
  write('cache/features/c/k1.f32', 1000)
  write('cache/decoded/v2/a.rgb', 500)
  const { parts, bytes } = JSON.parse((await thaw(folder, 'cache', 'ls', '--json')).out)
  expect(bytes).toBe(4500)
  expect(parts).toMatchObject([
    { name: 'features', files: 2, bytes: 4000 },
    { name: 'decoded', files: 1, bytes: 500 },
    { name: 'index', files: 0, bytes: 0, lastUsed: 0 },
  ])
  expect((await thaw(folder, 'cache', 'ls')).out).toMatch(/features .* 2 +4\.0 kB/)
})

test('clear removes one part or all, and never a run', async () => {
  const { folder, write } = place()
  const features = write('cache/features/c/k0.f32', 3000)
  const decoded = write('cache/decoded/v2/a.rgb', 500)
  const run = write('runs/r1/events.jsonl', 7)
  const other = write('cache/somebody-elses', 7)
  expect((await thaw(folder, 'cache', 'clear', 'features')).out).toBe('removed 1 file, 3.0 kB freed')
  expect([features, decoded].map((file) => existsSync(file))).toEqual([false, true])
  expect((await thaw(folder, 'cache', 'clear')).code).toBe(0)
  expect([decoded, run, other].map((file) => existsSync(file))).toEqual([false, true, true])
})

test('a wrong word is told with those that there are', async () => {
  const { code, err } = await thaw('/nowhere', 'cache', 'empty')
  expect(code).toBe(2)
  expect(err).toContain('Allowed choices are ls, clear')
})

test('show tells how many images were known', () => {
  const view = viewAfter()
  const event = {
    kind: 'cache',
    step: 4,
    memory: 300,
    disk: 60,
    computed: 40,
    memoryBytes: 1,
    v: 1,
    attempt: 1,
  }
  const after = foldEvents(view, [{ ...event, seq: view.seq + 1, t: 9999 } as RunEvent])
  const text = showText({ id: 'r', path: 'p', state: 'finished', view: after, layers: [] }, fakeTerminal())
  expect(text).toContain(
    'features    360 of 400 known already (90 %): 300 in memory, 60 on disk; 40 computed',
  )
})
