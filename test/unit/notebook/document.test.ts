import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { printNotebook, readNotebook, type NotebookFile } from '../../../src/notebook/document'
import { UserError } from '../../../src/spec'

const file: NotebookFile = {
  v: 1,
  cells: [
    { kind: 'markdown', text: '# First\nsteps' },
    { kind: 'code', text: 'await session.step(1)', outputs: [{ items: { 'text/plain': 'Step 1' } }] },
  ],
}

describe('a notebook on disk', () => {
  it('reads back what was written', () => {
    const cell = fc.record({ kind: fc.constantFrom('code' as const, 'markdown' as const), text: fc.string() })
    expect(readNotebook(printNotebook(file))).toEqual(file)
    fc.assert(
      fc.property(fc.array(cell), (cells) => {
        expect(readNotebook(printNotebook({ v: 1, cells }))).toEqual({ v: 1, cells })
      }),
    )
  })

  it('changes only the lines that were changed', () => {
    const before = printNotebook(file).split('\n')
    const after = printNotebook({
      v: 1,
      cells: [{ kind: 'markdown', text: '# First\nsteps!' }, file.cells[1]!],
    }).split('\n')
    expect(after.filter((line, i) => line !== before[i])).toEqual(['    "steps!"'])
  })

  it.each([
    ['{', 'not JSON'],
    ['[]', 'no list of `cells`'],
    ['{"v":2,"cells":[]}', 'version 2'],
    ['{"v":1,"cells":[{"kind":"code"}]}', 'Cell 1'],
    ['{"v":1,"cells":[{"kind":"code","text":[1]}]}', 'Cell 1'],
  ])('says what is wrong with %s', (text, sentence) => {
    expect(() => readNotebook(text)).toThrow(UserError)
    expect(() => readNotebook(text)).toThrow(sentence)
  })

  it('takes an empty file for an empty notebook', () => {
    expect(readNotebook('')).toEqual({ v: 1, cells: [] })
  })
})
