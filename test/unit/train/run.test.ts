import { expect, test } from 'vitest'
import { trainRun } from '../../../src/engine/train'
import { Collected, environment, tinyParts, tinySpec } from './fixture'

test('a run goes from its first step to its end and learns', async () => {
  const spec = tinySpec('full', { train: { steps: 40, batchSize: 12, optimizer: { rate: 0.003 } } })
  const sink = new Collected()
  const outcome = await trainRun(spec, environment(sink), tinyParts(spec))
  expect(outcome.message).toBeUndefined()
  expect(outcome.state).toBe('finished')
  const losses = sink.of('step').map(({ loss }) => loss)
  expect(losses).toHaveLength(40)
  const mean = (part: number[]) => part.reduce((a, b) => a + b, 0) / part.length
  expect(mean(losses.slice(-5))).toBeLessThan(0.7 * mean(losses.slice(0, 5)))
  // chance is a third
  expect(outcome.metrics!.balancedAccuracy).toBeGreaterThan(0.6)
  expect(sink.of('alarm')).toEqual([])
  expect(sink.events.at(-1)!.kind).toBe('run-ended')
})
