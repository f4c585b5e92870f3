import fc from 'fast-check'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { CheckpointStore, chooseKept, realDisk, type Disk } from '../../../src/events'
import { UserError } from '../../../src/spec/types'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'thaw-checkpoints-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const files = (fill: number, bytes = 100) =>
  new Map([
    ['weights.safetensors', new Uint8Array(bytes).fill(fill)],
    ['state.json', new TextEncoder().encode('{}')],
  ])
const names = () => readdirSync(join(folder, 'checkpoints')).sort()

/** A disk that does `count` things and then fails, like a full one, or like one whose process was killed. */
function failingDisk(count: number, code: string, killed: boolean): Disk {
  let left = count
  const spend = (work: () => void) => {
    // a full disk fails once here: what follows is the clean-up, which needs no room
    if (left-- > 0 || (!killed && left < -1)) return work()
    throw Object.assign(new Error(code), { code })
  }
  return {
    makeFolder: (path) => spend(() => realDisk.makeFolder(path)),
    writeFile: (path, bytes) => {
      if (left === 0) realDisk.writeFile(path, bytes.subarray(0, bytes.length >> 1))
      spend(() => realDisk.writeFile(path, bytes))
    },
    rename: (from, to) => spend(() => realDisk.rename(from, to)),
    syncFolder: (path) => spend(() => realDisk.syncFolder(path)),
    remove: (path) => (killed ? spend(() => realDisk.remove(path)) : realDisk.remove(path)),
  }
}

describe('checkpoints', () => {
  test('come back byte for byte, oldest first', () => {
    const store = new CheckpointStore(folder)
    for (const step of [100, 20, 3]) store.save(step, files(step), 'every')
    expect(store.list().map((item) => [item.step, item.folder, item.bytes, item.why])).toEqual([
      [3, 'checkpoints/3', 102, 'every'],
      [20, 'checkpoints/20', 102, 'every'],
      [100, 'checkpoints/100', 102, 'every'],
    ])
    expect(store.load(20)).toEqual(files(20))
    expect(store.latest()).toBe(100)
  })

  test('a disk that gets full at any point leaves the older ones, nothing partial, and a sentence', () => {
    for (let count = 0; count < 8; count++) {
      rmSync(join(folder, 'checkpoints'), { recursive: true, force: true })
      const whole = new CheckpointStore(folder)
      whole.save(10, files(1), 'every')
      whole.save(20, files(2), 'every')
      for (const step of [20, 30]) {
        const full = new CheckpointStore(folder, failingDisk(count, 'ENOSPC', false))
        let error: unknown
        try {
          full.save(step, files(9), 'every')
        } catch (caught) {
          error = caught
        }
        if (error === undefined) continue
        expect(error).toBeInstanceOf(UserError)
        expect((error as UserError).message).toMatch(
          /Could not save the checkpoint of step \d+ in .*: the disk is full\. Free some space/,
        )
        expect((error as UserError).exitCode).toBe(3)
        if (names().includes('30') || whole.load(20).get('weights.safetensors')![0] === 9) continue
        expect(names()).toEqual(['10', '20'])
        expect(whole.load(10)).toEqual(files(1))
        expect(whole.load(20)).toEqual(files(2))
      }
    }
  })

  test('a process killed at any point leaves a whole older or newer one', () => {
    for (let count = 0; count < 12; count++) {
      rmSync(join(folder, 'checkpoints'), { recursive: true, force: true })
      new CheckpointStore(folder).save(20, files(2), 'every')
      try {
        new CheckpointStore(folder, failingDisk(count, 'KILLED', true)).save(20, files(9), 'every')
      } catch {
        // killed
      }
      const next = new CheckpointStore(folder)
      next.recover()
      expect(names()).toEqual(['20'])
      const fill = next.load(20).get('weights.safetensors')![0]!
      expect([2, 9]).toContain(fill)
      expect(next.load(20)).toEqual(files(fill))
    }
  })

  test('a checkpoint with a file cut short is passed over, and named when asked for', () => {
    const store = new CheckpointStore(folder)
    store.save(10, files(1), 'every')
    store.save(20, files(2), 'every')
    truncateSync(join(folder, 'checkpoints/20/weights.safetensors'), 50)
    expect(store.latest()).toBe(10)
    expect(() => store.load(20)).toThrow(/no whole checkpoint of step 20. It has checkpoints of steps 10\./)
  })

  test('only plain file names are written', () => {
    const store = new CheckpointStore(folder)
    for (const name of ['../evil', 'a/b', '.hidden', 'checkpoint.json', '']) {
      expect(() => store.save(1, new Map([[name, new Uint8Array(1)]]), 'x')).toThrow(/Not a name/)
    }
    expect(existsSync(join(folder, 'evil'))).toBe(false)
    expect(names()).toEqual([])
  })

  test('retention keeps the best and the last, and removes the others from the disk', () => {
    const store = new CheckpointStore(folder)
    for (const step of [1, 2, 3, 4, 5]) store.save(step, files(step), 'every')
    expect(store.retain({ best: 2, last: 2 }).map((item) => item.step)).toEqual([1, 3])
    expect(names()).toEqual(['2', '4', '5', 'best'])
    // `thaw gc` knows of the best what the run has said
    expect(store.retain({ last: 1 }).map((item) => item.step)).toEqual([4])
  })

  test('retention: the newest and the best always stay, the limit of bytes holds for the rest', () => {
    const list = fc.uniqueArray(fc.record({ step: fc.nat(100), bytes: fc.nat(50) }), {
      selector: (item) => item.step,
      maxLength: 12,
    })
    fc.assert(
      fc.property(
        list,
        fc.nat(100),
        fc.integer({ min: 1, max: 5 }),
        fc.nat(200),
        (checkpoints, best, last, limitBytes) => {
          const kept = chooseKept(checkpoints, { best, last, limitBytes })
          const newest = Math.max(...checkpoints.map((item) => item.step))
          if (checkpoints.length > 0) expect(kept).toContain(newest)
          if (checkpoints.some((item) => item.step === best)) expect(kept).toContain(best)
          expect(kept.size).toBeLessThanOrEqual(last + 1)
          const must = checkpoints.filter((item) => item.step === newest || item.step === best)
          const bytes = (list: typeof checkpoints) => list.reduce((sum, item) => sum + item.bytes, 0)
          const all = bytes(checkpoints.filter((item) => kept.has(item.step)))
          expect(all).toBeLessThanOrEqual(Math.max(limitBytes, bytes(must)))
        },
      ),
    )
  })

  test('what is not a checkpoint is left alone by lists', () => {
    mkdirSync(join(folder, 'checkpoints/notes'), { recursive: true })
    writeFileSync(join(folder, 'checkpoints/7'), 'a file')
    expect(new CheckpointStore(folder).list()).toEqual([])
  })
})
