import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decodeJson, emptyView, foldEvents, type RunEvent } from '../../../src/events'
import { updateFor } from '../../../src/extension/panel/project'
import { cursorOf, emptyState, reduce } from '../../../webview/panel/state'
import { ALARMED, layers, Recorder } from '../../fixtures/editor/recording'

let root: string
let events: RunEvent[]

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'thaw-project-'))
  const recorder = new Recorder(root)
  recorder.take(240)
  recorder.end()
  recorder.close()
  const lines = readFileSync(recorder.folder.events, 'utf8').split('\n').filter(Boolean)
  events = lines.map((line) => decodeJson(line) as RunEvent)
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

const upTo = (count: number) => foldEvents(emptyView(), events.slice(0, count))

describe('the panel', () => {
  it('catches up from any cursor to the same state as from nothing', () => {
    const whole = reduce(emptyState(), updateFor(upTo(events.length), 'run', undefined, 0))
    for (const cut of [1, 3, 50, 200, events.length - 1]) {
      const early = reduce(emptyState(), updateFor(upTo(cut), 'run', undefined, 0))
      const later = reduce(early, updateFor(upTo(events.length), 'run', cursorOf(early), 0))
      expect(later.lines).toEqual(whole.lines)
    }
    expect(whole.lines.loss!.steps).toEqual(Array.from({ length: 240 }, (_, i) => i + 1))
  })

  it('is sent only what is new', () => {
    const state = reduce(emptyState(), updateFor(upTo(events.length), 'run', undefined, 0))
    const news = updateFor(upTo(events.length), 'run', cursorOf(state), 0)
    for (const line of Object.values(news.lines)) expect(line.steps.length).toBeLessThanOrEqual(1)
  })

  it('never gets more than 2,000 points a line, and catches up with thinned lines too', () => {
    const started = events.find((event) => event.kind === 'run-started')!
    const step = events.find((event) => event.kind === 'step')!
    const long = (count: number) =>
      foldEvents(emptyView(), [
        started,
        ...Array.from(
          { length: count },
          (_, i) => ({ ...step, seq: i + 1, step: i + 1, loss: 1 + Math.sin(i) }) as RunEvent,
        ),
      ])
    const whole = reduce(emptyState(), updateFor(long(9000), 'run', undefined, 0))
    expect(whole.lines.loss!.steps.length).toBeLessThanOrEqual(2000)
    for (const cut of [1500, 8500]) {
      const early = reduce(emptyState(), updateFor(long(cut), 'run', undefined, 0))
      const later = reduce(early, updateFor(long(9000), 'run', cursorOf(early), 0))
      expect(later.lines).toEqual(whole.lines)
    }
  })

  it('drops what a resumed attempt supersedes', () => {
    const early = reduce(emptyState(), updateFor(upTo(events.length - 1), 'run', undefined, 0))
    const started = events.find((event) => event.kind === 'run-started')!
    const resumed = foldEvents(upTo(events.length - 1), [
      { ...started, attempt: 2, seq: 0, from: 100 } as RunEvent,
    ])
    const later = reduce(early, updateFor(resumed, 'run', cursorOf(early), 0))
    expect(later.lines.loss!.steps.at(-1)).toBe(100)
  })

  it('hears of an alarm with the layer it is about', () => {
    const { marks, head } = updateFor(upTo(events.length), 'run', undefined, 0)
    const alarm = marks.find((mark) => mark.kind === 'alarm')
    expect(layers[alarm!.layer!]!.name).toBe(ALARMED)
    expect(alarm!.short).toBe('layer moved')
    expect(head.accuracy).toMatchObject({ split: 'test', count: 229, balancedAccuracy: 0.703 })
  })
})
