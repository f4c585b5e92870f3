import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CheckpointRing, leastMissed } from '../../../src/notebook/api/ring'

const files = (bytes: number) => new Map([['weights.safetensors', new Uint8Array(bytes)]])

test('points stay under the limit, with the first and the last, and lie apart', () => {
  const ring = new CheckpointRing(1000)
  for (let step = 0; step <= 100; step++) ring.put(step, files(100))
  expect(ring.bytes).toBe(1000)
  const { steps } = ring
  expect(steps).toHaveLength(10)
  expect([steps[0], steps.at(-1)]).toEqual([0, 100])
  // a way back is never a large part of the whole way
  const gaps = steps.slice(1).map((step, i) => step - steps[i]!)
  expect(Math.max(...gaps)).toBeLessThanOrEqual(40)
})

test('whatever is put, both ends stay and the limit holds once there are more than two', () => {
  const put = fc.record({ step: fc.nat({ max: 50 }), bytes: fc.nat({ max: 400 }) })
  fc.assert(
    fc.property(fc.array(put, { minLength: 1 }), (puts) => {
      const ring = new CheckpointRing(1000)
      for (const { step, bytes } of puts) {
        const before = ring.steps
        ring.put(step, files(bytes))
        const all = [...before, step]
        expect(ring.steps[0]).toBe(Math.min(...all))
        expect(ring.steps.at(-1)).toBe(Math.max(...all))
        if (ring.steps.length > 2) expect(ring.bytes).toBeLessThanOrEqual(1000)
      }
    }),
  )
})

test('the nearest point is at the step or before it', () => {
  const ring = new CheckpointRing()
  for (const step of [4, 9, 30]) ring.put(step, files(step))
  expect([3, 4, 8, 9, 29, 99].map((step) => ring.nearest(step)?.step)).toEqual([undefined, 4, 4, 9, 9, 30])
  expect(ring.nearest(10)!.files.get('weights.safetensors')).toHaveLength(9)
  ring.clear()
  expect(ring.nearest(99)).toBeUndefined()
  expect(ring.bytes).toBe(0)
})

test('a step that is put again takes the place of what was there', () => {
  const ring = new CheckpointRing()
  ring.put(1, files(10))
  ring.put(1, files(30))
  expect(ring.bytes).toBe(30)
})

test('the one that is missed least has the nearest neighbours; ends are never given up', () => {
  expect(leastMissed([0, 10, 11, 12, 40])).toBe(11)
  expect(leastMissed([0, 9])).toBeUndefined()
  expect(leastMissed([])).toBeUndefined()
})
