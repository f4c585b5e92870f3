import { describe, expect, it } from 'vitest'
import { createSchedule } from '../../../src/engine/optim'
import { scheduleSchema, type ScheduleSpec } from '../../../src/spec/schema'

const schedule = (spec: Partial<ScheduleSpec>) => createSchedule(scheduleSchema.parse(spec))
const names = ['constant', 'step', 'cosine', 'one-cycle', 'slanted-triangular'] as const

describe.each(names)('%s', (name) => {
  it.each([1, 2, 3, 7, 15, 60, 1000])('stays within 0 and 1 over a run of %i steps', (total) => {
    const factor = schedule({ name })
    for (let step = 0; step <= total + 5; step++) {
      expect(factor(step, total)).toBeGreaterThanOrEqual(0)
      expect(factor(step, total)).toBeLessThanOrEqual(1)
    }
  })

  it('does some work in its first step, so that no step is idle', () => {
    for (const total of [1, 10, 60]) expect(schedule({ name })(0, total)).toBeGreaterThan(0)
  })
})

describe('slanted-triangular', () => {
  it('starts and ends at 1 / ratio and peaks at the cut (B-6)', () => {
    const factor = schedule({ name: 'slanted-triangular', cutFraction: 0.1, ratio: 32 })
    for (const total of [20, 60, 97, 1000]) {
      const factors = Array.from({ length: total + 1 }, (_, step) => factor(step, total))
      expect(factors[0]).toBeCloseTo(1 / 32, 12)
      expect(factors[Math.floor(total * 0.1)]).toBe(1)
      expect(Math.max(...factors)).toBe(1)
      expect(factors[total]).toBeCloseTo(1 / 32, 12)
    }
  })
})

describe('cosine', () => {
  it('reaches the full rate with the last step of the warm-up and falls from there', () => {
    const factor = schedule({ name: 'cosine', warmup: 0.1 })
    const factors = Array.from({ length: 60 }, (_, step) => factor(step, 60))
    expect(factors.slice(0, 6)).toEqual([1, 2, 3, 4, 5, 6].map((n) => n / 6))
    expect(factors[6]).toBe(1)
    for (let i = 7; i < 60; i++) expect(factors[i]).toBeLessThan(factors[i - 1]!)
    expect(factor(60, 60)).toBe(0)
  })
})

describe('step', () => {
  it('drops at shares of the whole run', () => {
    const factor = schedule({ name: 'step', at: [0.5, 0.9], factor: 0.1, warmup: 0 })
    expect([49, 50, 89, 90].map((step) => factor(step, 100))).toEqual([1, 0.1, 0.1, 0.1 ** 2])
  })
})
