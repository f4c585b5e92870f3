import { expect, test } from 'vitest'
import { trainRun } from '../../../src/engine/train'
import { Collected, environment, tinyParts, tinySpec } from './fixture'

test('a run goes from its first step to its end and learns', async () => {
  const spec = tinySpec('full', { train: { steps: 40, batchSize: 12, optimizer: { rate: 0.003 } } })
  const sink = new Collected()
  const outcome = await trainRun(spec, environment(sink), tinyParts(spec))
  expect(outcome.message).toBeUndefined()
  expect(outcome.state).toBe('finished')
  console.log(
    outcome,
    sink.events.map((e) => e.kind).join(' '),
    sink
      .of('step')
      .map((s) => s.loss.toFixed(3))
      .join(' '),
    sink.of('alarm'),
  )
})
