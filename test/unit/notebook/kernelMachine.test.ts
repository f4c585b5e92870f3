import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  kernelOff,
  reduceKernel,
  statusOf,
  type KernelCommand,
  type KernelEvent,
  type KernelState,
  type QueuedCell,
} from '../../../src/notebook/kernelMachine'
import type { ExecuteResult } from '../../../src/notebook/protocol'

const cell = (name: string, batch = 1): QueuedCell => ({
  cell: name,
  code: '1',
  language: 'typescript',
  label: name,
  batch,
})
const result = (ok: boolean): ExecuteResult => ({ ok, ms: 1 }) as ExecuteResult

/** A machine with all that it commanded. */
function play(...events: KernelEvent[]): { state: KernelState; commands: KernelCommand[] } {
  let state = kernelOff
  const commands = events.flatMap((event) => {
    const step = reduceKernel(state, event)
    state = step.state
    return step.commands.filter((command) => command.do !== 'tell-status')
  })
  return { state, commands }
}

const news = (commands: readonly KernelCommand[], of: string): string[] =>
  commands.flatMap((command) =>
    command.do === 'tell-cell' && command.cell === of ? [command.event.type] : [],
  )

const ready = (life = 1): KernelEvent => ({ type: 'ready', life, pid: 7 })
const run = (...cells: QueuedCell[]): KernelEvent => ({ type: 'run', cells })
const ended = (name: string, ok = true, life = 1): KernelEvent => ({
  type: 'cell-ended',
  life,
  cell: name,
  result: result(ok),
})
const lost: KernelEvent = { type: 'process-ended', life: 1, failure: 'crashed', why: 'gone' }

describe('a kernel', () => {
  it('starts its process for the first cell and runs one after the other', () => {
    const { state, commands } = play(run(cell('a'), cell('b')), ready(), ended('a'))
    expect(commands.map((command) => command.do)).toEqual([
      'tell-cell',
      'tell-cell',
      'start-process',
      'tell-cell',
      'execute',
      'tell-cell',
      'tell-cell',
      'execute',
    ])
    expect(news(commands, 'a')).toEqual(['queued', 'started', 'ended'])
    expect(state).toMatchObject({ state: 'busy', running: { cell: 'b' }, queue: [] })
  })

  it('drops what was asked for together with a cell that fails, and nothing else', () => {
    const { state, commands } = play(run(cell('a'), cell('b')), ready(), run(cell('c', 2)), ended('a', false))
    expect(news(commands, 'b')).toEqual(['queued', 'dropped'])
    expect(state.running?.cell).toBe('c')
  })

  it('asks once for an interrupt, drops what waits, and ends a process that does not react', () => {
    const { state, commands } = play(
      run(cell('a'), cell('b')),
      ready(),
      { type: 'interrupt' },
      { type: 'interrupt' },
      { type: 'interrupt-overdue', life: 1 },
    )
    expect(commands.filter((command) => command.do === 'interrupt-process')).toHaveLength(1)
    expect(news(commands, 'b')).toEqual(['queued', 'dropped'])
    expect(news(commands, 'a')).toEqual(['queued', 'started', 'lost'])
    expect(commands).toContainEqual({ do: 'end-process', life: 1, gently: false })
    expect(statusOf(state)).toMatchObject({ state: 'lost', failure: 'not-responding' })
    // one that reacted in time is left alone
    expect(
      play(run(cell('a')), ready(), { type: 'interrupt' }, ended('a', false), {
        type: 'interrupt-overdue',
        life: 1,
      }).state.state,
    ).toBe('idle')
  })

  it('says why its process ended, and starts another one for the next cell', () => {
    const before = play(run(cell('a'), cell('b')), ready(), lost)
    expect(news(before.commands, 'a')).toEqual(['queued', 'started', 'lost'])
    expect(news(before.commands, 'b')).toEqual(['queued', 'dropped'])
    expect(statusOf(before.state)).toMatchObject({ state: 'lost', why: 'gone' })
    const after = play(run(cell('a')), ready(), lost, run(cell('c')))
    expect(after.commands).toContainEqual({ do: 'start-process', life: 2 })
    // what the dead one still says is not heard
    expect(reduceKernel(after.state, ready(1)).state).toBe(after.state)
  })

  it('restarts in order', () => {
    const { state, commands } = play(run(cell('a')), ready(), { type: 'restart' })
    expect(commands).toContainEqual({ do: 'end-process', life: 1, gently: true })
    expect(commands.at(-1)).toEqual({ do: 'start-process', life: 2 })
    expect(news(commands, 'a')).toEqual(['queued', 'started', 'lost'])
    expect(state).toMatchObject({ state: 'starting', life: 2 })
  })
})

describe('whatever happens to a kernel', () => {
  const life = fc.integer({ min: 0, max: 3 })
  const name = fc.constantFrom('a', 'b', 'c')
  const event: fc.Arbitrary<KernelEvent> = fc.oneof(
    fc.record({
      type: fc.constant('run' as const),
      cells: fc
        .uniqueArray(fc.record({ cell: name, batch: fc.nat({ max: 2 }) }), { selector: (one) => one.cell })
        .map((all) => all.map((one) => cell(one.cell, one.batch))),
    }),
    fc.record({ type: fc.constant('withdraw' as const), cells: fc.array(name) }),
    fc.constantFrom<KernelEvent>({ type: 'interrupt' }, { type: 'restart' }, { type: 'shut-down' }),
    fc.record({ type: fc.constant('interrupt-overdue' as const), life }),
    fc.record({ type: fc.constant('ready' as const), life, pid: fc.nat() }),
    fc.record({
      type: fc.constant('cell-ended' as const),
      life,
      cell: name,
      result: fc.boolean().map(result),
    }),
    fc.record({
      type: fc.constant('process-ended' as const),
      life,
      failure: fc.constant('crashed' as const),
      why: fc.string(),
    }),
  )
  /** Ways into every state, so that each event meets each. */
  const ways: KernelEvent[][] = [
    [],
    [run(cell('a'), cell('b'))],
    [run(cell('a'), cell('b')), ready()],
    [run(cell('a'), cell('b')), ready(), { type: 'interrupt' }],
    [run(cell('a')), ready(), ended('a')],
    [run(cell('a')), ready(), lost],
  ]
  const all: KernelState['state'][] = ['off', 'starting', 'idle', 'busy', 'interrupting', 'lost']
  const seen = new Map<string, Set<string>>()

  it('no cell is forgotten or told twice, at most one runs, and at most one process lives', () => {
    fc.assert(
      fc.property(fc.constantFrom(...ways), fc.array(event, { maxLength: 30 }), (way, more) => {
        const events = [...way, ...more]
        let state = kernelOff
        const open = new Map<string, 'queued' | 'started'>()
        const processes = new Set<number>()
        for (const one of events) {
          const before = state.state
          seen.set(one.type, (seen.get(one.type) ?? new Set()).add(before))
          const { state: after, commands } = reduceKernel(state, one)
          if (one.type === 'process-ended' && one.life === state.life) processes.delete(one.life)
          for (const command of commands) {
            if (command.do === 'start-process') {
              expect(processes.size, 'no second process').toBe(0)
              processes.add(command.life)
            }
            if (command.do === 'end-process') expect(processes.delete(command.life)).toBe(true)
            if (command.do === 'execute') expect(processes.has(command.life)).toBe(true)
            if (command.do !== 'tell-cell') continue
            const { type } = command.event
            // a cell may run and wait for its next run at once, so its two lives are counted apart
            const key =
              type === 'ended' || type === 'lost' ? `${command.cell} started` : `${command.cell} queued`
            if (type === 'queued') {
              expect(open.has(key)).toBe(false)
              open.set(key, 'queued')
            } else {
              expect(open.delete(key), `${type} of ${command.cell}`).toBe(true)
              if (type === 'started') open.set(`${command.cell} started`, 'started')
            }
          }
          state = after
          const expected = [
            ...state.queue.map(({ cell: id }) => `${id} queued`),
            ...(state.running ? [`${state.running.cell} started`] : []),
          ]
          expect([...open.keys()].sort()).toEqual(expected.sort())
          expect(state.running !== undefined).toBe(state.state === 'busy' || state.state === 'interrupting')
          // what waits has a process that will take it
          if (state.queue.length > 0) expect(['starting', 'busy', 'interrupting']).toContain(state.state)
        }
      }),
      { numRuns: 1500, seed: 1 },
    )
    for (const [type, states] of seen) expect([...states].sort(), type).toEqual([...all].sort())
  })
})
