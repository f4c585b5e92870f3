import { describe, expect, it } from 'vitest'
import { mentionsOf, namesOfJson, staleReasons, type CellFacts } from '../../../src/extension/notebook/stale'

/** `declares|code`, run at an order (0: never). */
const cell = (
  label: string,
  declares: string,
  code: string,
  order: number,
  more: Partial<CellFacts> = {},
) => ({
  label,
  text: code,
  declares: new Set(declares.split(' ').filter(Boolean)),
  mentions: mentionsOf(code),
  ...(order > 0 && { run: { order, text: code, kernel: 1 } }),
  ...more,
})
const load = (order: number) => cell('cell 1', 'session', "const session = tune('a', 'b')", order)
const step = (order: number) => cell('cell 2', '', 'await session.step(10)', order)
const look = (order: number) => cell('cell 3', '', 'session.predict()', order)
const other = (order: number) => cell('cell 4', 'x', 'const x = 1 // session', order)

describe('stale marks', () => {
  it('are absent when all ran from top to bottom, and where nothing ran', () => {
    expect(staleReasons([load(1), step(2), look(3), other(4)], 1)).toEqual(Array(4).fill(undefined))
    expect(staleReasons([load(0), step(0)], 1)).toEqual([undefined, undefined])
  })

  it('stand at what shares a name with a cell above that ran again, and on what follows from it', () => {
    const cells = [load(1), step(5), look(3), other(4)]
    expect(staleReasons(cells, 1)).toEqual([
      undefined,
      'cell 3 ran before this',
      'cell 2 ran again after this',
      undefined,
    ])
    const use = cell('cell 5', 'y', 'const y = x', 4)
    const last = cell('cell 6', '', 'y', 5)
    expect(staleReasons([cell('cell 4', 'x', 'const x = 1', 6), use, last], 1)).toEqual([
      undefined,
      'cell 4 ran again after this',
      'cell 5 is stale',
    ])
  })

  it('know that a session made anew has no traces of what ran below', () => {
    expect(staleReasons([load(4), step(5), look(3)], 1)).toEqual([
      undefined,
      undefined,
      'cell 2 ran again after this',
    ])
  })

  it('tell of edits, of cells that never ran and of a restart', () => {
    const edited = { ...step(2), text: 'await session.step(20)' }
    expect(staleReasons([load(1), edited, look(3)], 1)).toEqual([
      undefined,
      'edited after it ran',
      'cell 2 was edited after this',
    ])
    expect(staleReasons([load(1), step(0), look(3)], 1)[2]).toBe('cell 2 has not run')
    expect(staleReasons([load(1)], 2)).toEqual(['the kernel was restarted after this'])
  })
})

describe('names of a cell', () => {
  it('leave out members, texts and comments', () => {
    expect([...mentionsOf('a.b.c(\'d\', "e") // f\n/* g */ [...h, `${i}`]')]).toEqual(['a', 'h', 'i'])
  })

  it('of run-file JSON are its session, what it makes and what it compares', () => {
    expect(namesOfJson({ strategy: 'full', take: 10 })).toEqual({
      declares: new Set(['session']),
      mentions: new Set(['session']),
    })
    expect(
      namesOfJson({ at: 40, fork: { strategy: 'l2-sp' }, as: 'held', compare: ['session', 'held'] }),
    ).toEqual({
      declares: new Set(['held']),
      mentions: new Set(['session', 'held']),
    })
    expect(namesOfJson(undefined).declares.size).toBe(0)
  })
})
