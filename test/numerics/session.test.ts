import { beforeAll, describe, expect, it } from 'vitest'
import type { ImageBatch } from '../../src/engine/data/types'
import { TrainingSession } from '../../src/engine/train'
import type { ImageSource } from '../../src/engine/train'
import { environment, tinyParts, tinySpec } from '../unit/train/fixture'
import { reference, relativeError } from './optim-cases'

interface CaseOptions {
  strategy: { name: string; [option: string]: unknown }
  optimizer: Record<string, unknown>
  batchNorm?: 'train' | 'eval_affine'
  l2sp?: { alpha: number; beta: number; decoupled: boolean }
}

interface Result {
  losses: number[]
  values: Record<string, number[]>
}

const STEPS = 20
const adamw = { name: 'adamw', rate: 1e-3, headRate: 1e-2, weightDecay: 1e-2 }
const sgd = { name: 'sgd', rate: 0.01, headRate: 0.1, weightDecay: 1e-3, nesterov: true }

const cases: Record<string, CaseOptions> = {
  'full, AdamW, running statistics': { strategy: { name: 'full' }, optimizer: adamw },
  // a scale in front of depthwise convolution and batch norm has a gradient that nearly cancels; Adam with the usual
  // epsilon would divide its rounding by itself, PyTorch's float32 as well
  'full, AdamW, batch statistics': {
    strategy: { name: 'full' },
    optimizer: { ...adamw, epsilon: 1e-4 },
    batchNorm: 'train',
  },
  'full, Adam, two batches a step': {
    strategy: { name: 'full' },
    optimizer: { ...adamw, name: 'adam', accumulate: 2 },
  },
  'full, SGD with Nesterov, clipped, batch statistics': {
    strategy: { name: 'full' },
    optimizer: { ...sgd, clipNorm: 0.5 },
    batchNorm: 'train',
  },
  'last stage over a frozen, cached prefix': {
    strategy: { name: 'last-k', k: 1 },
    optimizer: adamw,
    batchNorm: 'train',
  },
  'head alone by steps': { strategy: { name: 'linear-probe', solver: 'sgd' }, optimizer: sgd },
  'L2-SP in the loss, SGD': {
    strategy: { name: 'l2-sp', alpha: 0.5, beta: 0.05 },
    optimizer: sgd,
    batchNorm: 'eval_affine',
    l2sp: { alpha: 0.5, beta: 0.05, decoupled: false },
  },
  'L2-SP beside the moments, AdamW': {
    strategy: { name: 'l2-sp', alpha: 5, beta: 0.5 },
    optimizer: adamw,
    batchNorm: 'eval_affine',
    l2sp: { alpha: 5, beta: 0.5, decoupled: true },
  },
}

const specOf = ({ strategy, optimizer, batchNorm }: CaseOptions, backend: string) =>
  tinySpec(strategy, { backend, train: { steps: STEPS, optimizer, batchNorm } })

/** A source that keeps every batch it gives. */
function recording(images: ImageSource, batches: ImageBatch[]): ImageSource {
  return {
    ...images,
    stream: (size, order) => {
      const stream = images.stream(size, order)
      return {
        ...stream,
        next: async () => {
          const batch = await stream.next()
          batches.push(batch)
          return batch
        },
      }
    },
  }
}

async function train(options: CaseOptions, backend: 'cpu' | 'wasm') {
  const spec = specOf(options, backend)
  const parts = tinyParts(spec)
  const batches: ImageBatch[] = []
  const session = await TrainingSession.open(spec, environment(), {
    ...parts,
    images: recording(parts.images, batches),
  })
  const trained = session.active.trainedNames
  const values = () =>
    new Map(session.bank.names().map((name) => [name, [...session.bank.get(name).dataSync()]]))
  const start = values()
  const parameters = Object.fromEntries(
    [...session.graph.parameters.values()].map(({ name, shape, role, pretrained }) => [
      name,
      { shape, role, pretrained, trained: trained.has(name), data: start.get(name)! },
    ]),
  )
  const losses: number[] = []
  for (let step = await session.step(); step; step = await session.step()) losses.push(step.loss)
  const end = values()
  await session.dispose()
  const { accumulate } = spec.train.optimizer
  const plain = batches.map(({ images, shape, labels }) => ({
    images: [...images],
    shape,
    labels: [...labels],
  }))
  const request = {
    parameters,
    batches: Array.from({ length: STEPS }, (_, i) => plain.slice(i * accumulate, (i + 1) * accumulate)),
    batchNorm: options.batchNorm ?? 'eval_affine',
    optimizer: { ...spec.train.optimizer, clipNorm: spec.train.optimizer.clipNorm ?? null },
    schedule: spec.train.schedule,
    l2sp: options.l2sp ?? null,
  }
  return { request, start, end, losses, trained }
}

describe.each(['wasm', 'cpu'] as const)('20 steps on %s are those of PyTorch in float64', (backend) => {
  const runs = new Map<string, Awaited<ReturnType<typeof train>> & { expected: Result }>()

  beforeAll(async () => {
    const ours: Awaited<ReturnType<typeof train>>[] = []
    for (const options of Object.values(cases)) ours.push(await train(options, backend))
    const results = reference<Result[]>(
      'session.py',
      ours.map(({ request }) => request),
    )
    Object.keys(cases).forEach((name, i) => runs.set(name, { ...ours[i]!, expected: results[i]! }))
  })

  it.each(Object.keys(cases))('%s', (name) => {
    const { start, end, losses, trained, expected } = runs.get(name)!
    expect(losses).toHaveLength(STEPS)
    expect(relativeError(losses, expected.losses)).toBeLessThan(1e-5)
    for (const [parameter, values] of end) {
      const before = start.get(parameter)!
      const theirs = expected.values[parameter]!
      expect(relativeError(values, theirs), parameter).toBeLessThan(2e-5)
      if (!trained.has(parameter)) continue
      const moved = values.map((v, i) => v - before[i]!)
      const theirMove = theirs.map((v, i) => v - before[i]!)
      expect(relativeError(moved, theirMove), `movement of ${parameter}`).toBeLessThan(1e-3)
    }
  })
})
