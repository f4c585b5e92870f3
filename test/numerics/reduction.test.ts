import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openBackend, tf } from '../../src/engine/backend'
import { installs } from '../../src/engine/backend/native/find'
import { adapterVariable } from '../../src/engine/backend/webgpu/open'
import { floats } from '../../src/engine/optim/floats'
import { RandomStream } from '../../src/engine/random'
import type { DrawDeclaration } from '../../src/engine/strategies/types'
import { TrainingSession } from '../../src/engine/train'
import { computeObjective, disposeStatistics } from '../../src/engine/train/objective'
import { Collected, environment, tinyImages, tinySpec } from '../unit/train/fixture'
import { residualModel } from '../parity/networks'
import { apart } from '../parity/support'

/**
 * Section 0.2 of the specification: a loss is a mean over images, so that a strength means the same at any batch size.
 * A batch that holds every image twice must give the parts of the loss and the gradients of the batch itself; the one
 * exception has a name.
 */

const absent = installs().length === 0 && !process.env.CI
const sgd = { optimizer: { name: 'sgd', rate: 0.01, momentum: 0.9 } }

interface Case {
  strategy: { name: string; [option: string]: unknown }
  /** Parts that are sums over the batch. */
  sums?: readonly string[]
}

const delta = { name: 'delta', attention: 'uniform', alpha: 0.5, headSteps: 0 }
const EXCEPTION = 'delta, as the release has it, a sum over the batch'
const cases: Record<string, Case> = {
  full: { strategy: { name: 'full' } },
  'l2-sp, a sum over parameters': { strategy: { name: 'l2-sp', form: 'loss', alpha: 0.5, beta: 0.1 } },
  'delta, as the paper has it': { strategy: { ...delta, recipe: 'paper' } },
  'delta, as the release has it, by image': { strategy: { ...delta, batchSum: false } },
  [EXCEPTION]: { strategy: delta, sums: ['delta'] },
  'hybrid-forward': { strategy: { name: 'hybrid-forward', adapters: 'all', compare: false } },
  fitnets: { strategy: { name: 'fitnets', training: 'joint', start: 'pretrained' } },
  'fitnets, half the sum by image': {
    strategy: { name: 'fitnets', training: 'joint', start: 'pretrained', hintLoss: 'half-sum' },
  },
  'l2t-ww': { strategy: { name: 'l2t-ww', start: 'pretrained' } },
  transtailor: { strategy: { name: 'transtailor', rounds: 1 } },
  'spottune, global': { strategy: { name: 'spottune', k: 2, policySize: 16, compare: false } },
  adafilter: { strategy: { name: 'adafilter', width: 6, hidden: 5, compare: false } },
}

/** The same noise for an image and its double. */
const noise = {
  draw({ name, shape, kind }: DrawDeclaration) {
    const [n, ...rest] = shape
    const random = new RandomStream(3, name)
    const half = Array.from({ length: shape.reduce((a, b) => a * b, 1) / (n === 2 * BATCH ? 2 : 1) }, () =>
      kind === 'gumbel' ? -Math.log(-Math.log(1 - random.uniform())) : random.uniform(),
    )
    return tf.tensor(n === 2 * BATCH ? [...half, ...half] : half, [n!, ...rest], 'float32')
  },
} as never

const BATCH = 6

interface Computed {
  parts: Record<string, number>
  gradients: Map<string, Float32Array>
}

/** Objective of the run's first step in its last phase, by every image once and by every image `times`. */
async function objectives({ strategy }: Case, backend: string): Promise<Computed[]> {
  const spec = tinySpec(strategy, {
    backend,
    model: { headStd: 0.5 },
    train: { ...sgd, steps: 3, batchSize: BATCH, batchNorm: 'train' },
  })
  const session = await TrainingSession.open(spec, environment(new Collected()), {
    model: residualModel(),
    images: tinyImages(spec),
  })
  await session.advance()
  while (session.phase.index < session.setup.phases.length - 1) {
    await session.step()
    if (session.steps >= session.phase.to) await session.advance()
  }
  const batch = await session.setup.images.stream(session.setup.size).next()
  const { teacherHooks: wanted = [] } = session.active.planned.phase
  const found = [1, 2].map(async (times) => {
    const twice = { ...batch, shape: [times * BATCH, ...batch.shape.slice(1)] as typeof batch.shape }
    const repeat = <T extends Float32Array | Int32Array>(values: T, as: (all: number[]) => T): T =>
      times === 1 ? values : as([...values, ...values])
    twice.images = repeat(batch.images, (all) => Float32Array.from(all)) as typeof batch.images
    for (const key of ['labels', 'items', 'views'] as const)
      twice[key] = repeat(batch[key], (all) => Int32Array.from(all))
    const teacherHooks =
      wanted.length > 0 ? await session.teacherFeatures!.outputs(twice, wanted, false) : undefined
    const x = tf.tensor4d(twice.images, twice.shape)
    const labels = tf.tensor1d(twice.labels, 'int32')
    const result = computeObjective({
      ...session,
      active: session.active,
      teacherHooks,
      constants: session.runtime?.constants,
      x,
      labels,
      noise,
      total: session.setup.steps,
      items: twice.items,
    })
    const values = floats(result.parts)
    const computed: Computed = {
      parts: Object.fromEntries(result.names.map((name, i) => [name, values[i]!])),
      gradients: new Map([...result.gradients].map(([name, g]) => [name, floats(g).slice()])),
    }
    disposeStatistics(result.statistics)
    tf.dispose([x, labels, result.parts, result.logits, result.observed, ...result.gradients.values()])
    tf.dispose([...(teacherHooks?.values() ?? [])])
    return computed
  })
  const both = [await found[0]!, await found[1]!]
  await session.dispose()
  return both
}

const norm = (values: Iterable<number>) => Math.hypot(...values)

describe.each(['cpu', 'wasm', 'native', 'webgpu'])('%s', (backend) => {
  const before = process.env[adapterVariable]
  beforeAll(() => {
    if (backend === 'webgpu') process.env[adapterVariable] = 'swiftshader'
  })
  afterAll(async () => {
    if (before === undefined) delete process.env[adapterVariable]
    else process.env[adapterVariable] = before
    await openBackend('cpu')
  })

  // a GPU in software compiles each shape for seconds: the one that holds mean and sum
  const names = backend === 'webgpu' ? [EXCEPTION] : Object.keys(cases)
  test.skipIf(backend === 'native' && absent).each(names)(
    '%s: every image twice changes nothing',
    async (name) => {
      const one = cases[name]!
      const [once, twice] = await objectives(one, backend)
      const parts = Object.entries(once!.parts)
      expect(parts.length).toBeGreaterThan(0)
      for (const [part, value] of parts) {
        const times = one.sums?.includes(part) ? 2 : 1
        expect(Math.abs(twice!.parts[part]! - times * value), part).toBeLessThan(
          1e-4 * Math.abs(times * value) + 1e-6,
        )
      }
      if (one.sums) return expect(once!.parts[one.sums[0]!]).toBeGreaterThan(0)
      const all = ({ gradients }: Computed) => [...gradients.values()].flatMap((g) => [...g])
      expect(norm(all(once!))).toBeGreaterThan(0)
      expect(apart(all(twice!), all(once!))).toBeLessThan(1e-3)
    },
  )
})
