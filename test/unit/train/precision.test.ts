import { afterEach, describe, expect, test } from 'vitest'
import { openBackend, setPrecision } from '../../../src/engine/backend'
import { LossScale } from '../../../src/engine/train/lossScale'
import { choosePrecision } from '../../../src/engine/train/precision'

afterEach(() => setPrecision('float32'))

describe('train.precision', () => {
  test('float32 is any back end’s, and its description stays', async () => {
    const backend = await openBackend('cpu')
    expect(choosePrecision('float32', backend)).toBe(backend)
  })

  test.each(['bfloat16', 'float16'] as const)(
    '%s is refused on cpu, and says what to write',
    async (precision) => {
      const backend = await openBackend('cpu')
      expect(() => choosePrecision(precision, backend)).toThrow(
        new RegExp(`train.precision "${precision}" needs back end "native".*write "float32"`),
      )
    },
  )
})

describe('the loss scale of float16', () => {
  test('halves when a gradient overflows, down to 1, and asks for another try each time', () => {
    const scale = new LossScale(true)
    expect(scale.factor).toBe(65536)
    expect(scale.backsOff(12)).toBe(false)
    expect(scale.backsOff(Infinity)).toBe(true)
    expect(scale.factor).toBe(32768)
    let tries = 0
    while (scale.backsOff(NaN)) tries++
    expect([tries, scale.factor]).toEqual([15, 1])
  })

  test('doubles after 2000 steps without, and goes on from a checkpoint where it was', () => {
    const scale = new LossScale(true)
    for (let i = 0; i < 1999; i++) scale.stepped()
    expect(scale.factor).toBe(65536)
    const resumed = new LossScale(true)
    resumed.restore(scale.toJSON())
    for (const one of [scale, resumed]) one.stepped()
    expect([scale.factor, resumed.factor]).toEqual([131072, 131072])
  })

  test('is 1 for good in other precisions', () => {
    const scale = new LossScale(false)
    expect(scale.backsOff(Infinity)).toBe(false)
    for (let i = 0; i < 3000; i++) scale.stepped()
    expect(scale.factor).toBe(1)
  })
})
