import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  queued,
  reduceCell,
  type CellEffect,
  type CellEvent,
  type CellRun,
} from '../../../src/notebook/cellRunReducer'

function play(events: CellEvent[]): { run: CellRun; effects: CellEffect[] } {
  return events.reduce<{ run: CellRun; effects: CellEffect[] }>(
    (at, event) => {
      const next = reduceCell(at.run, event)
      return { run: next.run, effects: [...at.effects, ...next.effects] }
    },
    { run: queued, effects: [] },
  )
}

const text = (value: string): CellEvent => ({
  type: 'output',
  output: { type: 'text', stream: 'out', text: value },
})

describe('a cell that runs', () => {
  it('starts with a clean output and ends with its verdict', () => {
    const { effects } = play([
      { type: 'start', order: 3 },
      { type: 'done', ok: true },
    ])
    expect(effects).toEqual([{ do: 'start', order: 3 }, { do: 'clear' }, { do: 'end', ok: true }])
  })

  it('grows one text output instead of adding one a line', () => {
    const { effects } = play([{ type: 'start', order: 1 }, text('a\n'), text('b\n')])
    expect(effects.slice(2)).toEqual([
      { do: 'append', items: { 'text/plain': 'a\n' } },
      { do: 'replace-text', text: 'a\nb\n' },
    ])
  })

  it('begins a new text after a result', () => {
    const result: CellEvent = { type: 'output', output: { type: 'result', items: { 'text/plain': '1' } } }
    const { effects } = play([{ type: 'start', order: 1 }, text('a'), result, text('b')])
    expect(effects.at(-1)).toEqual({ do: 'append', items: { 'text/plain': 'b' } })
  })

  it('asks the kernel once, however often a person interrupts', () => {
    const { effects } = play([{ type: 'start', order: 1 }, { type: 'interrupt' }, { type: 'interrupt' }])
    expect(effects.filter((effect) => effect.do === 'ask-interrupt')).toHaveLength(1)
  })

  it('says why it ended when its kernel is lost, and ends without a verdict when it never began', () => {
    expect(
      play([
        { type: 'start', order: 1 },
        { type: 'kernel-lost', why: 'killed' },
      ]).effects.slice(2),
    ).toEqual([
      { do: 'append-error', name: 'KernelEnded', message: 'killed', stack: '' },
      { do: 'end', ok: false },
    ])
    expect(play([{ type: 'kernel-lost', why: 'killed' }]).effects).toEqual([{ do: 'end', ok: undefined }])
  })

  it('whatever happens, starts at most once, ends at most once and does nothing after its end', () => {
    const event = fc.oneof(
      fc.record({ type: fc.constant('start' as const), order: fc.nat() }),
      fc.constant(text('x')),
      fc.constant<CellEvent>({ type: 'interrupt' }),
      fc.record({ type: fc.constant('done' as const), ok: fc.boolean() }),
      fc.record({ type: fc.constant('kernel-lost' as const), why: fc.string() }),
    )
    fc.assert(
      fc.property(fc.array(event), (events) => {
        const { effects } = play(events)
        const places = (name: CellEffect['do']) =>
          effects.flatMap((effect, i) => (effect.do === name ? [i] : []))
        expect(places('start').length).toBeLessThanOrEqual(1)
        expect(places('end').length).toBeLessThanOrEqual(1)
        if (places('end').length > 0) expect(places('end')[0]).toBe(effects.length - 1)
      }),
    )
  })
})
