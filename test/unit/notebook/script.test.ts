import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { NotebookCell } from '../../../src/notebook/document'
import { fromScript, toScript } from '../../../src/notebook/script'

test('a notebook comes back from a script, without its outputs', () => {
  const line = fc.string().filter((text) => !/[\r\n]/.test(text) && !text.startsWith('// %%'))
  // empty lines at a cell's end are the space between two cells
  const text = fc.array(line).map((lines) => lines.join('\n').replace(/\n+$/, ''))
  const cell = fc.oneof(
    fc.record({ kind: fc.constant('code' as const), text }),
    fc.record({ kind: fc.constant('markdown' as const), text }),
    fc.record({ kind: fc.constant('code' as const), language: fc.constant('json' as const), text }),
  )
  fc.assert(
    fc.property(fc.array(cell, { minLength: 1 }), (cells: NotebookCell[]) => {
      expect(fromScript(toScript({ v: 1, cells })).cells).toEqual(cells)
    }),
  )
})

test('a script of another editor is read: ends of lines, a head, marks with spaces behind', () => {
  const script =
    'import x from "./x"\r\n\r\n// %%  \r\na\r\n// %% [markdown]\r\n// # Head\r\n//\r\n// words\r\n'
  expect(fromScript(script).cells).toEqual([
    { kind: 'code', text: 'import x from "./x"' },
    { kind: 'code', text: 'a' },
    { kind: 'markdown', text: '# Head\n\nwords' },
  ])
})

test('what only looks like a mark is code', () => {
  const text = '// %%x\n  // %%\n// %% [python]'
  expect(fromScript(text).cells).toEqual([{ kind: 'code', text }])
  expect(fromScript('').cells).toEqual([])
})
