import vm from 'node:vm'
import { describe, expect, it } from 'vitest'
import { compileCell } from '../../../src/notebook/transform'

/** Runs cells one after the other in one world, as the kernel does. */
async function run(...cells: string[]): Promise<unknown> {
  const context = vm.createContext({ Promise, $thaw: { show: (value: unknown) => value } })
  vm.runInContext('var globalThis = this', context)
  let last: unknown
  for (const cell of cells) {
    const result = (await vm.runInContext(compileCell(cell).code, context)) as { value: unknown } | undefined
    last = result?.value
  }
  return last
}

describe('a notebook cell', () => {
  it('gives the value of its last expression, with a semicolon or without', async () => {
    expect(await run('1 + 1')).toBe(2)
    expect(await run('1; 40 + 2; // done')).toBe(42)
    expect(await run('let x = 3')).toBeUndefined()
  })

  it.each([
    ['const', ['const a: number = 41', 'a + 1'], 42],
    ['let without a value', ['let a', 'a = 42', 'a'], 42],
    ['destructuring', ['const { a, b: [c = 1] } = { a: 41, b: [] }', 'a + c'], 42],
    [
      'a function, called above its declaration',
      ['const r = f(41)\nfunction f(x: number) { return x + 1 }', 'f(r)'],
      43,
    ],
    ['a class', ['class K { m() { return 42 } }', 'new K().m()'], 42],
    ['an enum', ['enum E { A, B = 42 }', 'E.B'], 42],
  ])('keeps what it declared for the next cell: %s', async (_what, cells, value) => {
    expect(await run(...cells)).toBe(value)
  })

  it('can declare a name again, as one does when a cell runs twice', async () => {
    expect(await run('const a = 1', 'const a = 2', 'a')).toBe(2)
  })

  it('awaits at the top', async () => {
    expect(await run('const a = await Promise.resolve(41)', '(await Promise.resolve(a)) + 1')).toBe(42)
  })

  it('turns imports into ones that a script may do', () => {
    expect(compileCell("import fs, { join as j } from 'node:fs'").code).toContain(
      '({ default: fs, join: j } = await $thaw.import("node:fs"))',
    )
    expect(compileCell("import * as path from 'node:path'").code).toContain(
      'path = await $thaw.import("node:path")',
    )
  })

  it('keeps the lines of its source, so that errors point at them', () => {
    expect(compileCell('const a = 1\nboom()').code.split('\n')[1]).toContain('boom()')
  })

  it('says what is wrong with code that cannot be read', () => {
    expect(() => compileCell('const = 1')).toThrow(SyntaxError)
    expect(() => compileCell('export const a = 1')).toThrow('exports nothing')
  })
})
