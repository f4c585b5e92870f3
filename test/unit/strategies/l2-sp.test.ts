import { expect, test } from 'vitest'
import { tf } from '../../../src/engine/backend'
import { l2spPenalty, l2spPull } from '../../../src/engine/strategies/l2-sp/penalty'
import { strategies } from '../../../src/engine/strategies/registry'
import type { Phase, Strategy } from '../../../src/engine/strategies/types'
import { afterOneStep, type Member } from './contract'

const RATE = 0.01
const sgd = {
  model: { dropout: 0 },
  data: { transforms: 'none' },
  train: {
    optimizer: { name: 'sgd', rate: RATE, headRate: RATE, momentum: 0, weightDecay: 0 },
    schedule: { name: 'constant', warmup: 0 },
  },
}
const SHIFT = 0.05
const ALPHA = 0.7
const BETA = 0.3

const l2sp = strategies.get('l2-sp')!
const member = (options: Record<string, unknown>, strategy: Strategy = l2sp): Member => ({
  strategy,
  options,
  file: sgd,
})
const full: Member = { strategy: strategies.get('full')!, file: sgd }

/** Largest error of one step against plain fine-tuning's minus rate * (alpha (w - w0) on S, beta w on N). */
async function errorOfOneStep(one: Member, scope: 'kernels' | 'all' = 'kernels'): Promise<number> {
  const penalised = await afterOneStep(one, SHIFT)
  const plain = await afterOneStep(full, SHIFT)
  let worst = 0
  for (const info of plain.session.graph.parameters.values()) {
    const [w, w0] = [plain.before.get(info.name)!, plain.w0.get(info.name)!]
    const acts = !info.buffer && (scope === 'all' || info.role === 'kernel')
    plain.after.get(info.name)!.forEach((stepped, i) => {
      const pull = !acts ? 0 : info.pretrained ? ALPHA * (w[i]! - w0[i]!) : BETA * w[i]!
      worst = Math.max(worst, Math.abs(penalised.after.get(info.name)![i]! - (stepped - RATE * pull)))
    })
  }
  return worst
}

test.each([
  ['loss', 'kernels'],
  ['loss', 'all'],
  ['decoupled', 'kernels'],
  ['decoupled', 'all'],
] as const)(
  'U2, L2SP-2: one step in form %s on %s is plain fine-tuning with the pull, element by element',
  async (form, scope) => {
    const error = await errorOfOneStep(member({ form, scope, alpha: ALPHA, beta: BETA }), scope)
    expect(error).toBeLessThan(1e-6)
  },
)

/** The strategy with a mistake in it. */
function wrong(change: (phase: Phase) => Partial<Phase>): Strategy {
  return {
    ...l2sp,
    plan: (context, options) => l2sp.plan(context, options).map((phase) => ({ ...phase, ...change(phase) })),
  }
}

test.each([
  ['an early return', wrong(() => ({ pull: undefined }))],
  [
    'a penalty on the head alone',
    wrong(({ pull }) => ({ pull: (p, w, w0, c) => (p.pretrained ? undefined : pull!(p, w, w0, c)) })),
  ],
  [
    'w0 taken after the weights moved',
    wrong(({ pull }) => ({ pull: (p, w, w0, c) => pull!(p, w, w0 && w, c) })),
  ],
  [
    'biases and batch norm pulled too',
    wrong(({ pull }) => ({ pull: (p, w, w0, c) => pull!({ ...p, role: 'kernel' }, w, w0, c) })),
  ],
])('the closed form finds %s', async (_mistake, strategy) => {
  const error = await errorOfOneStep(member({ form: 'decoupled', alpha: ALPHA, beta: BETA }, strategy))
  expect(error).toBeGreaterThan(1e-5)
})

test('L2SP-9 both forms agree for SGD without momentum and part with AdamW', async () => {
  const both = async (optimizer: Record<string, unknown>) => {
    const file = { ...sgd, train: { ...sgd.train, optimizer: { ...sgd.train.optimizer, ...optimizer } } }
    const after: Map<string, Float32Array>[] = []
    for (const form of ['loss', 'decoupled'])
      after.push((await afterOneStep({ ...member({ form, alpha: ALPHA, beta: BETA }), file }, SHIFT)).after)
    return Math.max(
      ...[...after[0]!].flatMap(([name, values]) =>
        [...values].map((v, i) => Math.abs(v - after[1]!.get(name)![i]!)),
      ),
    )
  }
  expect(await both({})).toBeLessThan(1e-6)
  expect(await both({ name: 'adamw' })).toBeGreaterThan(1e-4)
})

const kernel = {
  name: 'k',
  layer: 'l',
  role: 'kernel',
  buffer: false,
  shape: [3],
  origin: 'as-is',
  pretrained: true,
} as const

function penalty(w: number[], w0: number[], alpha: number): number {
  return tf.tidy(() => {
    const bank = { get: (name: string) => (name === 'k' ? tf.tensor1d(w) : tf.tensor1d([])) }
    const source = { get: () => tf.tensor1d(w0) }
    const view = {
      trained: new Set(['k']),
      parameters: bank,
      w0: source,
      constants: new Map(),
      hooks: new Map(),
      logits: tf.scalar(0),
      labels: tf.scalar(0),
      step: 0,
    }
    return l2spPenalty(view, [kernel], { alpha, beta: 0, scope: 'kernels' }).dataSync()[0]!
  })
}

const pull = (w: number[], w0: number[], alpha: number) =>
  tf.tidy(() => [
    ...l2spPull(kernel, tf.tensor1d(w), tf.tensor1d(w0), { alpha, beta: 0, scope: 'kernels' })!.dataSync(),
  ])

test('L2SP-3 at the pre-trained weights penalty and pull are exactly 0', () => {
  expect(penalty([0.1, -2, 3], [0.1, -2, 3], 5)).toBe(0)
  expect(pull([0.1, -2, 3], [0.1, -2, 3], 5)).toEqual([0, 0, 0])
})

test('L2SP-6 with w0 = 0 the penalty is L2', () => {
  expect(penalty([1, -2, 3], [0, 0, 0], 0.5)).toBeCloseTo((0.5 / 2) * 14, 6)
})

test('L2SP-7 the minimiser of h/2 (w - c)^2 with the pull is (h c + a w0) / (h + a)', () => {
  const [h, c, a, w0] = [2, 3, 0.5, -1]
  let w = 0
  for (let i = 0; i < 400; i++) w -= 0.1 * (h * (w - c) + pull([w], [w0], a)[0]!)
  expect(w).toBeCloseTo((h * c + a * w0) / (h + a), 5)
})

test('L2SP-10 in coordinates w - w0 the pull is that of L2', () => {
  expect(pull([1.5, 0, -0.5], [0.5, 1, 0.5], 0.25)).toEqual(pull([1, -1, -1], [0, 0, 0], 0.25))
})
