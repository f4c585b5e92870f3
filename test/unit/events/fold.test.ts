import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  emptyView,
  expandRows,
  foldEvent,
  foldEvents,
  type RunEvent,
  SERIES_POINTS,
} from '../../../src/events'
import { log, soundRun, startedBody, stepBody } from './arbitraries'

const event = (attempt: number, seq: number, body: object) =>
  ({ v: 1, seq, t: 1, attempt, ...body }) as RunEvent

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    Object.values(value).forEach(deepFreeze)
  }
  return value
}

describe('the fold', () => {
  test('of a prefix and then the rest equals that of the whole, and nothing given to it changes', () => {
    fc.assert(
      fc.property(log, fc.nat(60), (events, cut) => {
        const whole = foldEvents(emptyView(), events)
        const prefix = deepFreeze(foldEvents(emptyView(), events.slice(0, cut)))
        expect(foldEvents(prefix, deepFreeze(events.slice(cut)))).toEqual(whole)
        expect(events.reduce(foldEvent, deepFreeze(emptyView()))).toEqual(whole)
      }),
      { numRuns: 200 },
    )
  })

  test('does not count an event twice that is read twice', () => {
    fc.assert(
      fc.property(log, (events) => {
        const whole = foldEvents(emptyView(), events)
        expect(foldEvents(whole, events)).toEqual(whole)
      }),
    )
  })

  test('gives a view that can be posted to a webview', () => {
    fc.assert(
      fc.property(log, (events) => {
        const view = foldEvents(emptyView(), events)
        expect(structuredClone(view)).toEqual(view)
      }),
    )
  })

  test('keeps names such as __proto__ as names', () => {
    const body = JSON.parse('{"parts":{"__proto__":2,"constructor":3},"rate":{}}') as object
    const view = foldEvents(emptyView(), [event(1, 0, { ...stepBody(1), ...body })])
    expect(Object.keys(view.series).sort()).toEqual(['loss', 'ms', 'part/__proto__', 'part/constructor'])
    const shown = foldEvents(emptyView(), [
      event(1, 0, { kind: 'picture', step: 1, name: '__proto__', data: 1 }),
    ])
    expect(Object.keys(shown.pictures)).toEqual(['__proto__'])
    expect(({} as Record<string, unknown>).data).toBeUndefined()
  })

  test('ignores a kind that it does not know', () => {
    const view = foldEvents(emptyView(), [event(1, 0, { kind: 'weather' }), event(1, 1, stepBody(1))])
    expect(view.step).toBe(1)
  })

  test('a run killed anywhere and resumed shows each step once, whatever the zombie still writes', () => {
    fc.assert(
      fc.property(fc.nat(49), fc.nat(5), fc.integer({ min: 1, max: 7 }), (killed, zombie, every) => {
        const whole = [...soundRun(1, 0, 50, every, 0)]
        const first = whole.filter((item) => !('step' in item) || item.step <= killed)
        const from = killed - (killed % 10)
        const rows = Math.floor(killed / every)
        const second = [...soundRun(2, from, 50, every, rows)]
        const late = whole.slice(first.length, first.length + zombie)
        const mixed = [...first, ...second.slice(0, 4), ...late, ...second.slice(4)]
        const view = foldEvents(emptyView(), mixed)
        const straight = foldEvents(emptyView(), whole)
        expect(view.series).toEqual(straight.series)
        expect(view.series.loss!.steps).toEqual(Array.from({ length: 50 }, (_, i) => i + 1))
        expect([view.missingSteps, view.repeatedSteps]).toEqual([0, 0])
        expect(view.checkpoints.map((item) => item.step)).toEqual([10, 20, 30, 40, 50])
        expect(expandRows(view.rows, Infinity).steps).toEqual(expandRows(straight.rows, Infinity).steps)
        expect(view.attempts.map((item) => item.from)).toEqual([0, from])
      }),
    )
  })

  test('counts a step that a log skips and one that it tells twice', () => {
    const events = [startedBody(0), stepBody(1), stepBody(3), stepBody(3)].map((body, i) => event(1, i, body))
    const view = foldEvents(emptyView(), events)
    expect([view.missingSteps, view.repeatedSteps]).toEqual([1, 1])
  })

  test('what a person did after the checkpoint that a run goes on from is not shown as done', () => {
    const control = (source: string) => ({ kind: 'control', step: 10, action: { do: 'pause' }, source })
    const saved = { kind: 'checkpoint', step: 10, folder: 'checkpoints/10', bytes: 1, why: 'every' }
    const first = [
      startedBody(0),
      ...Array.from({ length: 10 }, (_, i) => stepBody(i + 1)),
      control('before'),
      saved,
      control('after'),
    ]
    const view = foldEvents(emptyView(), [
      ...first.map((body, i) => event(1, i, body)),
      event(2, 0, startedBody(10)),
    ])
    expect(view.controls.map((item) => item.source)).toEqual(['before'])
  })

  test('a line of 20,000 steps reaches a chart as at most 2,000 points that hold every spike', () => {
    const spikes = new Set([7, 12_345, 19_999])
    const steps = Array.from({ length: 20_000 }, (_, i) =>
      event(1, i, stepBody(i + 1, spikes.has(i + 1) ? 100 : Math.sin(i))),
    )
    const { loss } = foldEvents(emptyView(), steps).series
    expect(loss!.steps.length).toBeLessThanOrEqual(SERIES_POINTS)
    expect(loss!.steps.length).toBeGreaterThan(SERIES_POINTS / 4)
    for (const spike of spikes) expect(loss!.values[loss!.steps.indexOf(spike)]).toBe(100)
    expect(loss!.steps).toEqual([...loss!.steps].sort((a, b) => a - b))
  })

  test('a NaN in a thinned line stays in it', () => {
    const steps = Array.from({ length: 9000 }, (_, i) => event(1, i, stepBody(i + 1, i === 5000 ? NaN : 1)))
    expect(foldEvents(emptyView(), steps).series.loss!.values.filter(Number.isNaN)).toHaveLength(1)
  })

  test('folds 20,000 steps at once', () => {
    const steps = Array.from({ length: 20_000 }, (_, i) => event(1, i, stepBody(i + 1)))
    const started = performance.now()
    foldEvents(emptyView(), steps)
    expect(performance.now() - started).toBeLessThan(5000)
  })
})
