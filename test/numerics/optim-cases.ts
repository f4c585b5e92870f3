import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { RandomStream } from '../../src/engine/random'
import { optimizerSchema, scheduleSchema, type OptimizerSpec, type ScheduleSpec } from '../../src/spec/schema'

/** One optimizer run, as `test/reference/optim.py` reads it. */
export interface OptimCase {
  optimizer: OptimizerSpec
  schedule: ScheduleSpec
  steps: number
  groups: Record<string, { rate: number; weightDecay: number }>
  parameters: { name: string; group: string; init: number[]; frozen: [from: number, to: number] }[]
  clip: number | null
  gradients?: Record<string, number[]>[][]
  quadratic?: Record<string, { h: number[]; c: number[] }>
}

export interface OptimReference {
  /** By step, in the order of the groups. */
  rates: number[][]
  weights: Record<string, number[]>[]
  norms: number[]
}

export const LENGTH = 7
export const STEPS = 50

const random = new RandomStream(4, 'optim cases')
const normals = () => Array.from({ length: LENGTH }, () => Math.fround(random.normal()))

export interface CaseOptions {
  optimizer: Partial<OptimizerSpec> & Pick<OptimizerSpec, 'name'>
  schedule: Partial<ScheduleSpec> & Pick<ScheduleSpec, 'name'>
  rate?: number
  clip?: number
  microBatches?: number
  quadratic?: boolean
}

/**
 * Four parameters of one length (so that slots by position would go unseen), two groups with own rates and decays,
 * one parameter frozen at first and one in the middle.
 */
export function makeCase({
  optimizer,
  schedule,
  rate = 0.01,
  clip,
  microBatches = 1,
  quadratic,
}: CaseOptions): OptimCase {
  const parameters: OptimCase['parameters'] = [
    { name: 'stem.weight', group: 'backbone', init: normals(), frozen: [0, 20] },
    { name: 'block.weight', group: 'backbone', init: normals(), frozen: [0, 0] },
    { name: 'block.bias', group: 'backbone', init: normals(), frozen: [15, 30] },
    { name: 'head.weight', group: 'head', init: normals(), frozen: [0, 0] },
  ]
  const named = (make: () => number[]) => Object.fromEntries(parameters.map(({ name }) => [name, make()]))
  const bowls = () =>
    Object.fromEntries(
      parameters.map(({ name }) => [
        name,
        { h: normals().map((v) => Math.fround(0.1 + v * v)), c: normals() },
      ]),
    )
  return {
    optimizer: optimizerSchema.parse(optimizer),
    schedule: scheduleSchema.parse(schedule),
    steps: STEPS,
    groups: {
      backbone: { rate, weightDecay: 0.02 },
      head: { rate: 10 * rate, weightDecay: 0.3 },
    },
    parameters,
    clip: clip ?? null,
    ...(quadratic
      ? { quadratic: bowls() }
      : {
          gradients: Array.from({ length: STEPS }, () =>
            Array.from({ length: microBatches }, () => named(normals)),
          ),
        }),
  }
}

/** Runs a script of test/reference with JSON in and out. */
export function reference<T>(script: string, input: unknown): T {
  const path = fileURLToPath(new URL(`../reference/${script}`, import.meta.url))
  const { status, stdout, stderr, error } = spawnSync('/usr/bin/python3', [path], {
    input: JSON.stringify(input),
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  })
  if (error || status !== 0)
    throw new Error(`${script} failed (Debian: python3-torch): ${error?.message ?? stderr}`)
  return JSON.parse(stdout) as T
}

export function relativeError(ours: ArrayLike<number>, theirs: readonly number[]): number {
  let difference = 0
  let size = 0
  theirs.forEach((value, i) => {
    difference += (ours[i]! - value) ** 2
    size += value ** 2
  })
  return Math.sqrt(difference / Math.max(size, Number.MIN_VALUE))
}
