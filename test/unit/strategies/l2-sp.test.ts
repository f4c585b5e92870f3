import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { openBackend, ops, tf, valueAndGradients, type Tensor } from '../../../src/engine/backend'
import { floats } from '../../../src/engine/optim/floats'
import { RandomStream } from '../../../src/engine/random'
import { estimateFisher } from '../../../src/engine/strategies/l2-sp/fisher'
import { omega, shrink, slope } from '../../../src/engine/strategies/l2-sp/forms'
import { penalty as penaltyOf, pullOf } from '../../../src/engine/strategies/l2-sp/penalty'
import type { Variant } from '../../../src/engine/strategies/l2-sp/strengths'
import { strategies } from '../../../src/engine/strategies/registry'
import type { Phase, Strategy } from '../../../src/engine/strategies/types'
import { writeSafetensors } from '../../../src/engine/formats'
import { drawsOf, TrainingSession, trainRun } from '../../../src/engine/train'
import type { FilterDistances, FisherPicture } from '../../../src/events/pictures/l2-sp'
import { Collected, environment, tinyModel, tinyParts, tinySpec } from '../train/fixture'
import { afterOneStep, differences, openMember, weightsOf, type Member } from './contract'
import { openReal, realNetworks } from './realNetworks'

beforeAll(() => openBackend('cpu'))

const RATE = 0.01
const sgd = {
  model: { dropout: 0 },
  data: { transforms: 'none' },
  train: {
    batchNorm: 'eval_affine',
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

const axes = new Map([['k', []]])
const strengths = (alpha: number) =>
  ({ variant: 'l2-sp', alpha, beta: 0, scope: 'kernels', smoothed: false }) as const

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
    return penaltyOf(view, [kernel], strengths(alpha), axes).dataSync()[0]!
  })
}

const pull = (w: number[], w0: number[], alpha: number) =>
  tf.tidy(() => [
    ...pullOf(kernel, tf.tensor1d(w), tf.tensor1d(w0), new Map(), strengths(alpha), axes)!.dataSync(),
  ])

test('L2SP-3 at the pre-trained weights penalty and pull are exactly 0', () => {
  expect(penalty([0.1, -2, 3], [0.1, -2, 3], 5)).toBe(0)
  expect(pull([0.1, -2, 3], [0.1, -2, 3], 5)).toEqual([0, 0, 0])
})

test('L2SP-6 with w0 = 0 the penalty is L2', () => {
  expect(penalty([1, -2, 3], [0, 0, 0], 0.5)).toBeCloseTo((0.5 / 2) * 14, 6)
  expect(pull([1, -2, 3], [0, 0, 0], 0.5)).toEqual([0.5, -1, 1.5])
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

const variants = ['l2', 'l2-sp', 'l2-sp-fisher', 'l1-sp', 'group-lasso-sp', 'group-lasso-sp-fisher'] as const
/** [2, 3]: two inputs, three filters, so that a group has two values. */
const d = [0.3, -0.2, 0, 0.1, 0.4, 0]
const group = { axes: [0] }
const matrix = (values: number[]) => tf.tensor2d(values, [2, 3])

test.each(variants.flatMap((variant) => [false, true].map((smoothed) => [variant, smoothed] as const)))(
  'L2SP-2 %s (smoothed: %s): the gradient is the derivative of the penalty',
  (variant, smoothed) => {
    tf.tidy(() => {
      const fisher = matrix([1, 2, 3, 0.5, 0, 1])
      const part = (w: Tensor) => ({ d: w, ...(variant.endsWith('fisher') && { fisher }), ...group })
      const w = matrix(d)
      const { gradients } = valueAndGradients(() => omega({ variant, smoothed }, part(w)), [w])
      const own = floats(slope({ variant, smoothed }, part(w)))
      floats(gradients[0]!).forEach((g, i) => expect(own[i]).toBeCloseTo(g, 5))
    })
  },
)

test.each(variants)('L2SP-3 %s: at w = w0 the gradient is exactly 0', (variant) => {
  tf.tidy(() => {
    const part = { d: tf.zeros([2, 3]), fisher: tf.ones([2, 3]), ...group }
    expect([...floats(slope({ variant, smoothed: false }, part))].map(Math.abs)).toEqual([0, 0, 0, 0, 0, 0])
    const rest = omega({ variant, smoothed: false }, part).dataSync()[0]!
    // 1e-8 sqrt(s) for each of three groups of two
    if (variant.startsWith('group')) expect(rest / (3e-8 * Math.SQRT2)).toBeCloseTo(1, 5)
    else expect(rest).toBe(0)
  })
})

test.each([
  ['l2-sp-fisher', 'l2-sp'],
  ['group-lasso-sp-fisher', 'group-lasso-sp'],
] as [Variant, Variant][])('L2SP-4 %s with a Fisher of 1 is %s', (weighted, plain) => {
  tf.tidy(() => {
    const value = (variant: Variant, fisher?: Tensor) =>
      omega({ variant, smoothed: false }, { d: matrix(d), ...(fisher && { fisher }), ...group }).dataSync()[0]
    expect(value(weighted, tf.ones([2, 3]))).toBe(value(plain))
  })
})

test('L2SP-5 in groups of one Group-Lasso-SP is L1-SP in its smoothed form', () => {
  tf.tidy(() => {
    const part = { d: matrix(d), axes: [] }
    const group = omega({ variant: 'group-lasso-sp', smoothed: false }, part).dataSync()[0]
    expect(group).toBe(omega({ variant: 'l1-sp', smoothed: true }, part).dataSync()[0])
  })
})

test('L2SP-7 L1-SP stays exactly at w0 when |h (c - w0)| <= a, by the proximal step', () => {
  const minimise = (a: number) => {
    const [h, c, w0] = [2, 0.3, 0.1]
    let distance = 0.5
    for (let i = 0; i < 300; i++) {
      const stepped = distance - 0.1 * h * (w0 + distance - c)
      distance = tf.tidy(
        () => shrink('l1-sp', { d: tf.tensor1d([stepped]), axes: [] }, 0.1 * a).dataSync()[0]!,
      )
    }
    return distance
  }
  expect(minimise(0.41)).toBe(0)
  expect(minimise(0.2)).toBeCloseTo(0.2 - 0.2 / 2, 5)
})

test('L2SP-8 a group within reach lands exactly on w0, one farther off is shortened by the reach', () => {
  tf.tidy(() => {
    const reach = 0.2
    const shrunk = floats(shrink('group-lasso-sp', { d: matrix(d), ...group }, reach))
    const norms = [0, 1, 2].map((j) => Math.hypot(d[j]!, d[j + 3]!))
    norms.forEach((norm, j) => {
      const left = Math.max(0, norm - reach * Math.SQRT2)
      expect(Math.hypot(shrunk[j]!, shrunk[j + 3]!)).toBeCloseTo(left, 6)
      if (left === 0) expect([Math.abs(shrunk[j]!), Math.abs(shrunk[j + 3]!)]).toEqual([0, 0])
    })
  })
})

test('the Fisher information of a softmax layer is that of its closed form', async () => {
  // for scores x W: F_jk = x_j^2 p_k (1 - p_k), averaged over images
  const w = tf.tensor2d([0.2, -0.5, 0.1, 0.7, 0.3, -0.4], [2, 3])
  const images = [
    [1, 2],
    [-0.5, 0.3],
  ]
  const input = (labels: 'exact' | 'sampled', count: number) => ({
    scores: (x: Tensor) => ops.matMul(x, w),
    weights: new Map([['w', w as Tensor]]),
    images: (async function* () {
      for (let i = 0; i < count; i++) yield tf.tensor2d(images[i % 2]!, [1, 2]) as Tensor
    })(),
    labels,
    random: new RandomStream(1, 'test'),
    progress: () => false,
  })
  const expected = new Float64Array(6)
  const weights = [...w.dataSync()]
  for (const x of images) {
    const scores = [0, 1, 2].map((k) => x[0]! * weights[k]! + x[1]! * weights[3 + k]!)
    const sum = scores.reduce((a, s) => a + Math.exp(s), 0)
    for (let j = 0; j < 2; j++)
      for (let k = 0; k < 3; k++) {
        const p = Math.exp(scores[k]!) / sum
        expected[j * 3 + k]! += (x[j]! ** 2 * p * (1 - p)) / 2
      }
  }
  const exact = (await estimateFisher(input('exact', 2)))!.get('w')!
  exact.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 5))
  const sampled = (await estimateFisher(input('sampled', 3000)))!.get('w')!
  sampled.forEach((value, i) => expect(Math.abs(value / expected[i]! - 1)).toBeLessThan(0.2))
  w.dispose()
})

const refused = (options: Record<string, unknown>, file: Record<string, unknown> = sgd) =>
  openMember({ strategy: l2sp, options, file }).then(
    () => '',
    (error: Error) => error.message,
  )

test('refuses a proximal step without a kink, and a Fisher information that is nowhere', async () => {
  expect(await refused({ form: 'proximal' })).toMatch(/strategy.form: "proximal" is for l1-sp/)
  expect(await refused({ variant: 'l2-sp-fisher', fisher: { data: 'source' } })).toMatch(
    /strategy.fisher.source/,
  )
  expect(await refused({ variant: 'l2-sp-fisher', fisher: { data: 'given' } })).toMatch(
    /strategy.fisher.data/,
  )
})

test('refuses a network without pre-trained weights, but for plain L2', async () => {
  const open = (options: Record<string, unknown>) => {
    const spec = tinySpec({ name: 'l2-sp', ...options })
    const model = { ...tinyModel(), values: new Map() }
    return TrainingSession.open(spec, environment(), { ...tinyParts(spec), model })
  }
  await expect(open({})).rejects.toThrow(/l2-sp pulls towards pre-trained weights, and the model has none/)
  await (await open({ variant: 'l2' })).dispose()
})

test('the estimated Fisher information repeats a run from another seed, by train.inputs', async () => {
  const fisher = { images: 4, labels: 'sampled', normalise: true, epsilon: 0.01 }
  const spec = tinySpec({ name: 'l2-sp', variant: 'l2-sp-fisher', alpha: 5, fisher }, { train: { seed: 5 } })
  const base = mkdtempSync(join(tmpdir(), 'thaw-fisher-'))
  const end = async (one: typeof spec) => {
    const sink = new Collected()
    const outcome = await trainRun(one, environment(sink, { base }), tinyParts(one))
    return { outcome, sink, files: sink.checkpoints.at(-1)?.files }
  }
  const first = await end(spec)
  const drawn = await drawsOf(spec, { base }, { parts: tinyParts(spec), checkpoint: first.files })
  writeFileSync(join(base, 'initialize.safetensors'), drawn.initialize)
  writeFileSync(join(base, 'inputs.safetensors'), drawn.inputs)
  const given = { initialize: 'initialize.safetensors', inputs: 'inputs.safetensors', seed: 6 }
  const again = await end({ ...spec, train: { ...spec.train, ...given } })
  expect(differences(await weightsOf(first.files!), await weightsOf(again.files!))).toEqual([])
  const told = again.sink.of('picture').find(({ name }) => name === 'fisher')!.data as FisherPicture
  expect(told).toMatchObject({ data: 'given', images: 0 })
  // part of it is not enough
  const order = { shape: [6], data: Float32Array.from([0, 1, 2, 3, 4, 5]) }
  const one = { shape: [4, 3, 3, 3], data: new Float32Array(108) }
  const tensors = new Map([
    ['batch_order', order],
    ['fisher.stem.conv.weight', one],
  ])
  writeFileSync(join(base, 'inputs.safetensors'), writeSafetensors(tensors))
  const lacking = await end({ ...spec, train: { ...spec.train, ...given } })
  expect(lacking.outcome.message).toMatch(/"fisher.a.conv.weight" \[6, 4, 3, 3\] is missing/)
  rmSync(base, { recursive: true })
})

test('on source images a head is fitted where the model has no classifier, and the picture says so', async () => {
  const base = mkdtempSync(join(tmpdir(), 'thaw-source-'))
  for (const [name, colour] of [
    ['light', '#eee'],
    ['dark', '#222'],
  ])
    for (const i of [0, 1, 2]) {
      mkdirSync(join(base, 'source', name!), { recursive: true })
      const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><rect width="${5 + i}" height="8" fill="${colour}"/></svg>`
      writeFileSync(join(base, 'source', name!, `${i}.svg`), svg)
    }
  const strategy = {
    name: 'l2-sp',
    variant: 'l2-sp-fisher',
    fisher: { data: 'source', source: 'source', images: 4 },
  }
  const spec = tinySpec(strategy)
  const sink = new Collected()
  const session = await TrainingSession.open(spec, environment(sink, { base }), tinyParts(spec))
  await session.step()
  await session.dispose()
  const told = sink.of('picture').find(({ name }) => name === 'fisher')!.data as FisherPicture
  expect(told).toMatchObject({ data: 'source', head: 'fitted', images: 4 })
  expect(told.mean).toBeGreaterThan(0)
  rmSync(base, { recursive: true })
})

test.each(realNetworks)('takes steps on %s', async (name) => {
  const strategy = { name: 'l2-sp', variant: 'group-lasso-sp', form: 'proximal', alpha: 100 }
  const { session, sink } = await openReal(name, strategy)
  await session.step()
  await session.step()
  await session.evaluate('val')
  const { rows } = sink.of('picture').at(-1)!.data as FilterDistances
  for (const { filters, atStart, histogram } of rows) {
    expect(atStart).toBe(histogram.zeros)
    expect(histogram.zeros + histogram.counts.reduce((a, b) => a + b, 0)).toBe(filters)
  }
  // so strong a pull leaves filters exactly where they were
  expect(rows.reduce((sum, { atStart }) => sum + atStart, 0)).toBeGreaterThan(0)
  await session.dispose()
})
