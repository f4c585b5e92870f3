import { describe, expect, it } from 'vitest'
import type { Glance } from '../../../src/extension/glance'
import { statusText, statusWords } from '../../../src/extension/glanceText'

const glance = (change: Partial<Glance> = {}): Glance => ({
  name: 'photos',
  state: 'running',
  step: 26,
  steps: 70,
  attempt: 1,
  interrupted: false,
  ...change,
})
const accuracy = {
  step: 70,
  split: 'test',
  balancedAccuracy: 0.7166,
  low: 0.653,
  high: 0.7701,
  count: 229,
} as const

describe('a run in the status bar', () => {
  it.each<[Partial<Glance>, number, string]>([
    [{}, 0, '$(flame) photos 37 %'],
    [{}, 2, '$(flame) photos 37 % +2'],
    [{ state: 'preparing', step: 0 }, 0, '$(loading~spin) photos'],
    [{ state: 'queued', step: 0, steps: 0 }, 1, '$(watch) photos waits +1'],
    [{ state: 'paused' }, 0, '$(debug-pause) photos 37 %'],
    [{ state: 'finished', step: 70, accuracy }, 0, '$(pass) photos 0.717'],
    [{ state: 'finished', step: 70 }, 0, '$(pass) photos'],
    [{ state: 'failed' }, 0, '$(error) photos failed'],
    [{ state: 'failed', interrupted: true }, 0, '$(error) photos interrupted'],
    [{ state: 'stopped' }, 0, '$(circle-slash) photos stopped'],
  ])('%o with %i others', (change, others, text) => expect(statusText(glance(change), others)).toBe(text))

  it('never tells 100 % of a run that has a step to go', () => {
    expect(statusText(glance({ step: 9999, steps: 10_000 }), 0)).toMatch(/ 99 %$/)
  })

  it('is told in words, an accuracy never without interval and count', () => {
    expect(
      statusWords(glance({ leftMs: 130_000, accuracy, progress: { what: 'features', done: 3, total: 9 } })),
    ).toBe(
      `photos: running, step 26 of 70
features, 3 of 9
about 2 min left
balanced accuracy 0.717 (0.653 to 0.770) on 229 test images`,
    )
  })
})
