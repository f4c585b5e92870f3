import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decodeItem,
  encodeItem,
  printNotebook,
  readNotebook,
  type NotebookCell,
  type NotebookFile,
} from '../../../src/notebook/document'
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

  it('keeps outputs of any form, and fields that it does not know, wherever they stand', () => {
    // names that mean something are not unknown; JSON has no undefined and no -0
    const known = ['v', 'cells', 'kind', 'language', 'text', 'outputs', 'items', '__proto__']
    const name = fc.string({ minLength: 1 }).filter((key) => !known.includes(key))
    const json = fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as unknown)
    const more = fc.option(fc.dictionary(name, json, { minKeys: 1, noNullPrototype: true }), {
      nil: undefined,
    })
    const items = fc.record({
      'text/plain': fc.string({ unit: fc.constantFrom('a', '\n', '"', '\\', '\r', 'é', '`') }),
      'application/vnd.thaw.table+json': json,
      'image/png': fc.uint8Array().map((bytes) => ({ base64: Buffer.from(bytes).toString('base64') })),
    })
    const with_ = <T extends object>(value: T, rest?: Record<string, unknown>) =>
      rest ? { ...value, more: rest } : value
    const output = fc.tuple(items, more).map(([forms, rest]) => with_({ items: forms }, rest))
    const cell = fc
      .tuple(fc.string(), fc.array(output, { minLength: 1, maxLength: 3 }), more)
      .map(([text, outputs, rest]) => with_({ kind: 'code', text, outputs }, rest) as NotebookCell)
    fc.assert(
      fc.property(fc.array(cell, { maxLength: 3 }), more, (cells, rest) => {
        const written = with_({ v: 1, cells }, rest) as NotebookFile
        const printed = printNotebook(written)
        expect(readNotebook(printed)).toEqual(written)
        expect(printNotebook(readNotebook(printed))).toBe(printed)
      }),
    )
  })

  it('keeps the kind and language of a later version', () => {
    const later =
      '{"v":1,"cells":[{"kind":"raw","text":["x"]},{"kind":"code","language":"python","text":["y"]}]}'
    const again = JSON.parse(printNotebook(readNotebook(later))) as { cells: object[] }
    expect(again.cells).toMatchObject([{ text: ['x'] }, { kind: 'code', language: 'python', text: ['y'] }])
    expect(readNotebook(printNotebook(readNotebook(later))).cells[0]!.more).toEqual({ kind: 'raw' })
  })

  it('reads files of an editor that ends lines otherwise, and keeps such ends inside of cells', () => {
    const unix = printNotebook(file)
    expect(readNotebook(unix.replaceAll('\n', '\r\n'))).toEqual(file)
    const cells = [{ kind: 'code' as const, text: 'a\r\nb' }]
    expect(readNotebook(printNotebook({ v: 1, cells })).cells).toEqual(cells)
  })

  it('names the line of a merge conflict', () => {
    const lines = printNotebook(file).split('\n')
    const torn = [
      ...lines.slice(0, 6),
      '<<<<<<< HEAD',
      lines[6],
      '=======',
      lines[6],
      '>>>>>>> theirs',
      ...lines.slice(7),
    ]
    for (const end of ['\n', '\r\n'])
      expect(() => readNotebook(torn.join(end))).toThrow(/marks of a merge conflict, the first in line 7\./)
    // a cell that writes of such marks is no conflict
    const cells = [{ kind: 'markdown' as const, text: '<<<<<<< HEAD\n=======' }]
    expect(readNotebook(printNotebook({ v: 1, cells })).cells).toEqual(cells)
  })
})

describe('a form of an output', () => {
  it('comes back byte by byte, whatever its type says', () => {
    const mime = fc.constantFrom(
      'text/plain',
      'application/json',
      'application/vnd.thaw.steps+json',
      'image/png',
    )
    const bytes = fc.oneof(
      fc.uint8Array(),
      fc.json().map((text) => new TextEncoder().encode(text)),
      // JSON that looks like kept bytes
      fc.base64String().map((base64) => new TextEncoder().encode(JSON.stringify({ base64 }))),
      fc.string({ unit: 'grapheme' }).map((text) => new TextEncoder().encode(`\ufeff${text}`)),
    )
    fc.assert(
      fc.property(mime, bytes, (type, value) => {
        const kept = JSON.parse(JSON.stringify(encodeItem(type, value))) as unknown
        const back = decodeItem(type, kept)
        // JSON may be spaced otherwise, and says the same
        if (type.endsWith('json') && typeof (kept as { base64?: string } | null)?.base64 !== 'string')
          expect(JSON.parse(Buffer.from(back).toString())).toEqual(JSON.parse(Buffer.from(value).toString()))
        else expect(Buffer.from(back)).toEqual(Buffer.from(value))
      }),
    )
  })
})
