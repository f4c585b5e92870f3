import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { cellApiModule } from '../../../.ci/cell-api.mjs'
import { closersOf, exportsOf, namesBelow, readCell, tailOf } from '../../../src/tsserver/chain'
import { cellName, Notebooks, notebookPath } from '../../../src/tsserver/notebooks'

describe('what a cell leaves open', () => {
  const cases: [text: string, closers: string][] = [
    ['f(1)', ''],
    ['compare(a, { b: [1,', ']})'],
    ['if (x) { f(', ')}'],
    ['const s = `a ${b + `c ${', '}`}`'],
    ['const s = `a ${b} c', '`'],
    ['/* not ended', '*/'],
    ["'a string ends with its line", ''],
    ['const r = /[({]/.test(s)', ''],
    ['const q = a / (b', ')'],
    ['x) }', ''],
    ['`${a}` + `${b}`', ''],
  ]
  it.each(cases)('%s', (text, closers) => {
    expect(closersOf(ts, text)).toBe(closers)
  })

  it('is closed so that what stands behind it is read as it is meant', () => {
    for (const [text] of cases.filter(([, closers]) => closers !== '')) {
      const whole = `${text}\n${closersOf(ts, text)};export { last }`
      const file = ts.createSourceFile('cell.ts', whole, ts.ScriptTarget.Latest)
      expect(ts.isExportDeclaration(file.statements.at(-1)!), whole).toBe(true)
    }
  })
})

describe('names', () => {
  it('are all that a cell declares at its top, with what they are', () => {
    const { names } = readCell(
      ts,
      `import a, { b as c } from 'x'
       import * as d from 'y'
       const { e, f: [g, ...h], ...i } = o; let j; var k
       function l() { const inner = 1 }
       class M {}
       interface N {}
       type O = 1
       enum P {}
       for (const q of []) {}`,
    )
    expect(Object.fromEntries(names)).toEqual({
      ...{ a: 'alias', c: 'alias', d: 'alias', e: 'const', g: 'const', h: 'const', i: 'const', j: 'let' },
      ...{ k: 'var', l: 'function', M: 'class', N: 'interface', O: 'type', P: 'enum' },
    })
  })

  it('come from the cell above unless the cell has its own, and go on to the cell below', () => {
    const above = readCell(ts, 'const a = 1, load = 2').names
    const cell = readCell(ts, 'const b = a')
    const api = new Map([
      ['load', 'function'],
      ['tune', 'function'],
    ])
    expect(tailOf(cell, above, api)).toBe(
      "\n;import { a, load } from 'thaw-notebook:above';import { tune } from 'thaw-notebook:api';export { b, a, load };",
    )
    expect([...namesBelow(cell, above).keys()]).toEqual(['a', 'load', 'b'])
    expect(tailOf(readCell(ts, 'let a'), above, new Map())).not.toMatch(/import \{ a/)
  })
})

describe('the cell API', () => {
  it('becomes functions with the documentation of its members', () => {
    const text = cellApiModule(
      'export interface Session { steps: number }\nexport interface CellGlobals {\n  /** Begins. */\n  tune(a: string): Session\n  thaw: 1\n}',
    )
    expect(text).toContain('/** Begins. */\nexport declare function tune(a: string): Session')
    expect([...exportsOf(ts, text)]).toEqual([
      ['Session', 'interface'],
      ['CellGlobals', 'interface'],
      ['tune', 'function'],
      ['thaw', 'const'],
    ])
  })
})

describe('cells of open notebooks', () => {
  const file = (cell: string) => `^/vscode-notebook-cell/ts-nul-authority/work/a.thawnb#${cell}`

  it('are known by order, whatever stands in front of their name', () => {
    const notebooks = new Notebooks(ts, '/api.d.ts')
    notebooks.configure({ notebooks: [['/work/a.thawnb#1', '/work/a.thawnb#2']] })
    expect(notebooks.isCell(file('2'))).toBe(true)
    expect(notebooks.isCell(file('3'))).toBe(false)
    expect(notebooks.isCell('/work/a.ts')).toBe(false)
    expect(notebooks.cellAbove(file('2'))).toBe(file('1'))
    expect(notebooks.cellAbove(file('1'))).toBeUndefined()
    expect(cellName(`/work/${file('1')}`)).toBe(file('1'))
  })

  it('lie in the folder of their notebook', () => {
    expect(notebookPath(file('1'))).toBe('/work/a.thawnb')
    expect(notebookPath('^/vscode-notebook-cell/ts-nul-authority/c:/me/a.thawnb#W0')).toBe('c:/me/a.thawnb')
  })
})
