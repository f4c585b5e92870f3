import fc from 'fast-check'
import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  decodeJson,
  encodeJson,
  EventReader,
  EventWriter,
  readTail,
  type RunEvent,
} from '../../../src/events'
import { body, stepBody } from './arbitraries'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'thaw-log-'))
  path = join(folder, 'events.jsonl')
})
afterEach(() => rmSync(folder, { recursive: true }))

const write = (attempt: number, bodies: Parameters<EventWriter['append']>[0][]): RunEvent[] => {
  const writer = new EventWriter(path, { attempt, now: () => 5 })
  const events = bodies.map((event) => writer.append(event))
  writer.close()
  return events
}

/** As a reader gives it: typed as plain JSON data. */
const plain = (events: RunEvent[]) => events.map((event) => decodeJson(encodeJson(event)))

describe('JSON with non-finite numbers', () => {
  test('gives back any plain data, strings that look like numbers included', () => {
    const special = fc.constantFrom(
      NaN,
      Infinity,
      -Infinity,
      'NaN',
      'Infinity',
      '-Infinity',
      '\\NaN',
      '\\\\-Infinity',
      '\\',
    )
    const data = fc.letrec((tie) => ({
      value: fc.oneof(
        special,
        fc.string(),
        fc.double().map((x) => x || 0),
        fc.array(tie('value')),
        fc.dictionary(fc.string(), tie('value')),
      ),
    })).value
    fc.assert(
      fc.property(data, (value) => {
        expect(decodeJson(encodeJson(value))).toEqual(value)
      }),
    )
  })

  test('writes the three words that the format promises, as any JSON reader sees them', () => {
    expect(encodeJson({ loss: NaN, high: Infinity, low: -Infinity, name: 'NaN' })).toBe(
      '{"loss":"NaN","high":"Infinity","low":"-Infinity","name":"\\\\NaN"}',
    )
  })

  test('writes typed arrays as arrays', () => {
    expect(decodeJson(encodeJson({ x: new Float32Array([0.5, NaN]) }))).toEqual({ x: [0.5, NaN] })
  })
})

describe('the event log', () => {
  test('any events come back as they were, in order, with numbers from 0 without gaps', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(body, { maxLength: 20 }), async (bodies) => {
        rmSync(path, { force: true })
        const written = write(1, bodies)
        const reader = new EventReader(path)
        const read = await reader.read()
        expect(read).toEqual(plain(written))
        expect(read.map((event) => event.seq)).toEqual(bodies.map((_, i) => i))
        expect(reader.skipped).toEqual({ unreadable: 0, unknown: 0, foreign: 0 })
      }),
      { numRuns: 25 },
    )
  })

  test('a reader never loses nor repeats an event, however the bytes arrive and wherever it starts anew', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(body, { minLength: 1, maxLength: 6 }),
        fc.array(fc.integer({ min: 5, max: 200 }), { minLength: 1 }),
        fc.array(fc.boolean(), { minLength: 1 }),
        fc.integer({ min: 20, max: 300 }),
        async (bodies, sizes, renew, chunk) => {
          rmSync(path, { force: true })
          const written = write(1, bodies)
          const bytes = readFileSync(path)
          rmSync(path)
          let reader = new EventReader(path, 0, chunk)
          const read: RunEvent[] = []
          for (let at = 0, i = 0; at < bytes.length; i++) {
            const size = sizes[i % sizes.length]!
            appendFileSync(path, bytes.subarray(at, at + size))
            at += size
            read.push(...(await reader.read()))
            expect(reader.skipped.unreadable).toBe(0)
            if (renew[i % renew.length]) reader = new EventReader(path, reader.cursor, chunk)
          }
          expect(read).toEqual(plain(written))
          expect(reader.cursor).toBe(bytes.length)
        },
      ),
      { numRuns: 25 },
    )
  })

  test('overlapping reads of one reader give each event once', async () => {
    const written = write(
      1,
      Array.from({ length: 50 }, (_, i) => stepBody(i + 1)),
    )
    const reader = new EventReader(path, 0, 64)
    const [a, b] = await Promise.all([reader.read(), reader.read()])
    expect([...a, ...b].sort((x, y) => x.seq - y.seq)).toEqual(plain(written))
  })

  test('a log cut at any byte loses at most the torn line, and what is written after it is whole', async () => {
    const first = [
      { kind: 'log', level: 'info', message: 'a' } as const,
      { kind: 'log', level: 'info', message: 'Größe 𝛼 „NaN“' } as const,
    ]
    write(1, first)
    const bytes = readFileSync(path)
    for (let cut = 0; cut <= bytes.length; cut++) {
      writeFileSync(path, bytes)
      truncateSync(path, cut)
      const whole = bytes.subarray(0, cut).filter((byte) => byte === 0x0a).length
      // a line of which only the newline is missing is whole
      const complete = whole + (cut < bytes.length && bytes[cut] === 0x0a ? 1 : 0)
      const second = write(2, [stepBody(3), stepBody(4)])
      const reader = new EventReader(path)
      const read = await reader.read()
      expect(read.filter((event) => event.attempt === 1)).toHaveLength(complete)
      expect(read.slice(complete)).toEqual(plain(second))
      expect(reader.skipped.unreadable).toBe(cut > 0 && bytes[cut - 1] !== 0x0a && complete === whole ? 1 : 0)
    }
  })

  test('two live writers: a line torn by one never swallows a line of the other', async () => {
    const a = new EventWriter(path, { attempt: 1 })
    a.append(stepBody(1))
    const b = new EventWriter(path, { attempt: 2 })
    b.append(stepBody(2))
    appendFileSync(path, '{"v":1,"seq":1,"att')
    b.append(stepBody(3))
    a.append(stepBody(9))
    b.append(stepBody(4))
    const reader = new EventReader(path)
    const read = await reader.read()
    expect(read.map((event) => [event.attempt, event.seq])).toEqual([
      [1, 0],
      [2, 0],
      [2, 1],
      [1, 1],
      [2, 2],
    ])
    expect(reader.skipped.unreadable).toBe(1)
    a.close()
    b.close()
  })

  test('counts damaged lines, unknown kinds and other versions, and goes on', async () => {
    write(1, [stepBody(1)])
    const lines = [
      'not json',
      '42',
      '{"v":1,"seq":1,"t":0,"attempt":1,"kind":"step","step":"three"}',
      '{"v":1,"seq":1,"t":0,"attempt":-1,"kind":"state","state":"paused"}',
      '{"v":1,"seq":2,"t":0,"attempt":1,"kind":"weather","sun":true}',
      '{"v":1,"seq":2,"t":0,"attempt":1,"kind":"toString"}',
      '{"v":2,"seq":3,"t":0,"attempt":1,"kind":"step"}',
      '',
    ]
    appendFileSync(
      path,
      Buffer.concat([Buffer.from(`${lines.join('\n')}\n`), Buffer.from([0xff, 0xfe, 0x0a])]),
    )
    write(2, [stepBody(2)])
    const reader = new EventReader(path)
    expect((await reader.read()).map((event) => event.attempt)).toEqual([1, 2])
    expect(reader.skipped).toEqual({ unreadable: 5, unknown: 2, foreign: 1 })
  })

  test('a writer that has lost the run appends nothing', () => {
    let lost = false
    const assertCurrent = () => {
      if (lost) throw new Error('superseded')
    }
    const writer = new EventWriter(path, { attempt: 1, assertCurrent })
    writer.append(stepBody(1))
    const before = readFileSync(path)
    lost = true
    expect(() => writer.append(stepBody(2))).toThrow('superseded')
    expect(readFileSync(path)).toEqual(before)
    writer.close()
  })

  test('the tail of a log gives whole events only', async () => {
    const written = plain(
      write(
        1,
        Array.from({ length: 40 }, (_, i) => stepBody(i + 1)),
      ),
    )
    const size = readFileSync(path).length
    for (const bytes of [10, 500, 1234, size - 1, size, size + 100]) {
      const tail = await readTail(path, ['step'], { bytes })
      expect(tail).toEqual(tail.length === 0 ? [] : written.slice(-tail.length))
    }
    expect(await readTail(path, ['step'], { bytes: size })).toEqual(written)
    expect(await readTail(path, ['eval'], { bytes: size })).toEqual([])
    expect(await readTail(join(folder, 'nothing'), ['step'])).toEqual([])
  })
})
