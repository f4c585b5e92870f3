import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { TrainingSession } from '../../src/engine/train'
import { anyStrategySchema, createRunFileSchema } from '../../src/spec/schema'
import { environment } from '../unit/train/fixture'

interface Expected {
  count: number
  l2: number
  accuracy: number
  balancedAccuracy: number
  logLoss: number
}
const expected = JSON.parse(
  readFileSync(new URL('../reference/probe.json', import.meta.url), 'utf8'),
) as Expected

it('probes the packaged drawings to the very accuracy of PyTorch with scikit-learn', async () => {
  const spec = createRunFileSchema(anyStrategySchema).parse({
    model: { source: 'thaw:efficientnet-lite0', cut: 'stage6', inputSize: 96 },
    data: { source: 'thaw:noto-drawings' },
    strategy: { name: 'linear-probe', l2: expected.l2 },
    backend: 'wasm',
  })
  const session = await TrainingSession.open(spec, environment())
  await session.advance()
  const { metrics } = await session.evaluate('test')
  await session.dispose()
  expect(metrics.count).toBe(expected.count)
  // one image of the smallest class would change these by 0.01
  expect(metrics.accuracy).toBeCloseTo(expected.accuracy, 10)
  expect(metrics.balancedAccuracy).toBeCloseTo(expected.balancedAccuracy, 10)
  expect(Math.abs(metrics.logLoss / expected.logLoss - 1)).toBeLessThan(1e-4)
})
