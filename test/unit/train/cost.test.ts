import { expect, test } from 'vitest'
import { mediaFolder } from '../../../src/engine/media'
import { catalog } from '../../../src/engine/strategies/catalog'
import { strategies } from '../../../src/engine/strategies/registry'
import { costOfRun } from '../../../src/engine/train/cost'
import { setUp } from '../../../src/engine/train/setup'
import { parseRunFile } from '../../../src/spec'
import { tinyParts, tinySpec } from './fixture'

async function costOf(strategy: string | { name: string; [option: string]: unknown }, file = {}) {
  const spec = tinySpec(strategy, { ...file, train: { steps: 24, ...needed(strategy) } })
  return costOfRun(await setUp(spec, { base: '.' }, tinyParts(spec)))
}
const needed = (strategy: string | { name: string }) =>
  (typeof strategy === 'string' ? strategy : strategy.name) === 'l2t-ww'
    ? { optimizer: { name: 'sgd', rate: 0.05 } }
    : {}

test.each([...strategies.keys()])('%s: every phase of a run has a cost, and the run a size', async (name) => {
  const spec = tinySpec(name, { train: { steps: 24, ...needed(name) } })
  const setup = await setUp(spec, { base: '.' }, tinyParts(spec))
  const { phases, forward, infer, bytes, largestBatch } = costOfRun(setup)
  expect(phases).toHaveLength(setup.phases.length)
  for (const one of phases) expect(one).toBeGreaterThanOrEqual(forward)
  expect(infer).toBeGreaterThan(0)
  expect(bytes).toBeGreaterThan(1e6)
  expect(largestBatch).toBeGreaterThan(100)
})

test('a probe goes back through its head alone, full fine-tuning through all but the pixels', async () => {
  const [probe, full] = [await costOf({ name: 'linear-probe', solver: 'sgd' }), await costOf('full')]
  // head: 8 features, 3 classes
  expect(probe.phases).toEqual([full.forward + 8 * 3])
  // the first convolution: 8 x 8 positions, 4 filters of 3 x 3 x 3
  expect(full.phases).toEqual([full.full - 64 * 4 * 27])
})

test('what a strategy runs beside the network counts where it runs', async () => {
  const { full, forward } = await costOf('full')
  const delta = await costOf({ name: 'delta', headSteps: 4 })
  expect(delta.phases[0]).toBe(forward + 24)
  expect(delta.phases[1]).toBeGreaterThan(full)
  expect(delta.phases[1]).toBeLessThanOrEqual(full + forward)
  const hybrid = await costOf({ name: 'hybrid-forward', balance: 'schedule' })
  expect(hybrid.phases[1]).toBe(full)
  // path 1 behind the student's first stage, path 2 from pixels: at least the teacher's forward, at most all of both
  expect(hybrid.phases[0]).toBeGreaterThan(full + forward)
  expect(hybrid.phases[0]).toBeLessThan((8 / 3) * full)
  expect(hybrid.bytes).toBeGreaterThan((await costOf('full')).bytes)
  const ahead = await costOf('l2t-ww')
  expect(ahead.phases[0]! / full).toBeGreaterThan(5)
})

test.each([
  // heaps that two steps took, in MB: npm run bench -- strategies NAME --heap [--batch 4]
  ['adafilter', 20, 708],
  ['adafilter', 4, 298],
  ['l2t-ww', 20, 1957],
  ['l2t-ww', 4, 611],
])(
  '%s at batch %i: the predicted memory covers the %i MB that wasm took, and not half as much again',
  async (name, batchSize, heap) => {
    const optimizer = name === 'l2t-ww' ? { name: 'sgd', rate: 1e-3 } : { name: 'adamw', rate: 1e-4 }
    const { spec } = parseRunFile(
      JSON.stringify({
        strategy: name,
        model: { inputSize: 96 },
        data: { split: { val: 0.2 } },
        backend: 'cpu',
        train: { steps: 100, batchSize, batchNorm: 'eval_affine', optimizer },
      }),
      { file: 'test', strategies: catalog },
    )
    const { bytes } = costOfRun(await setUp(spec!, { base: mediaFolder() }))
    expect(bytes / 2 ** 20).toBeGreaterThan(heap)
    expect(bytes / 2 ** 20).toBeLessThan(1.5 * heap)
  },
)

test('the look-ahead of L2T-ww holds both passes of its last steps, however many there are', async () => {
  const bytes = async (options = {}) => (await costOf({ name: 'l2t-ww', ...options })).bytes
  const [plain, one, two, many] = [
    await bytes({ metaRate: 0 }),
    await bytes({ transferSteps: 1 }),
    await bytes(),
    await bytes({ transferSteps: 9 }),
  ]
  expect(one - plain).toBeGreaterThan(0)
  // a step more held
  expect(two - one).toBeGreaterThan(0)
  // of seven more their values alone
  expect(many - two).toBeGreaterThan(0)
  expect((many - two) / 7).toBeLessThan(two - one)
})
