import { beforeAll, describe, expect, test } from 'vitest'
import { openBackend, tf, type Tensor } from '../../../src/engine/backend'
import type { ParameterSource } from '../../../src/engine/network/types'
import { createOptimizer } from '../../../src/engine/optim'
import { floats } from '../../../src/engine/optim/floats'
import { RandomStream } from '../../../src/engine/random'
import { hintLoss } from '../../../src/engine/strategies/fitnets/hint'
import { History } from '../../../src/engine/strategies/l2t-ww/history'
import { innerSteps } from '../../../src/engine/strategies/l2t-ww/innerSteps'
import { lookAhead, type InnerStep } from '../../../src/engine/strategies/l2t-ww/lookAhead'
import { options as schema, type Options } from '../../../src/engine/strategies/l2t-ww/meta'
import { channelWeights, metaParameters, strengths } from '../../../src/engine/strategies/l2t-ww/metaNetworks'
import { pairsOf, type Pair } from '../../../src/engine/strategies/l2t-ww/pairs'
import {
  coefficients,
  sourceMaps,
  sourceTensors,
  transferLoss,
} from '../../../src/engine/strategies/l2t-ww/transfer'
import { strategies } from '../../../src/engine/strategies/registry'
import type { TrainingSession } from '../../../src/engine/train'
import type { L2tPicture } from '../../../src/events/pictures/l2t-ww'
import { optimizerSchema } from '../../../src/spec/schema'
import { Collected, tinyGraph, tinySpec } from '../train/fixture'
import { afterOneStep, differences, openMember, runMember, valuesOf, type Member } from './contract'
import { openReal, realGraph, realNetworks } from './realNetworks'

beforeAll(() => openBackend('cpu'))

const none: ParameterSource = {
  get: (name) => {
    throw new Error(`no value ${name}`)
  },
}

/** SGD that holds a momentum by parameter name. */
function descent(momentum: number, buffers: Record<string, number[]> = {}) {
  const optimizer = createOptimizer(optimizerSchema.parse({ name: 'sgd', momentum }))
  optimizer.restore(
    new Map(
      Object.entries(buffers).map(([name, values]) => [`${name}/momentum_buffer`, tf.tensor1d(values)]),
    ),
  )
  return optimizer
}

describe('the look-ahead of scalars (strategies.md 4.3)', () => {
  const rate = { rate: 0.1, weightDecay: 0.01 }
  /** Transfer gradient phi (theta - 2), cross-entropy gradient theta + 1. */
  async function scalars(momentumStart: number, { T = 2, mu = 0.9, rates = rate, theta = 0.5 } = {}) {
    const phi = tf.tensor1d([0.7])
    const value = tf.tensor1d([theta])
    const entropy = (p: ParameterSource): Tensor => tf.mul(0.5, tf.sum(tf.square(tf.add(p.get('theta'), 1))))
    const transfer: InnerStep = {
      outer: true,
      loss: (p) => tf.mul(0.5, tf.sum(tf.mul(phi, tf.square(tf.sub(p.get('theta'), 2))))),
    }
    const found = await lookAhead({
      from: new Map([['theta', value]]),
      others: none,
      optimizer: descent(mu, mu > 0 ? { theta: [momentumStart] } : {}),
      momentum: mu,
      rates: () => rates,
      steps: [...Array.from({ length: T }, () => transfer), { outer: false, loss: entropy }],
      objective: entropy,
      variables: [phi],
    })
    const gradient = found.gradients[0]!.dataSync()[0]!
    expect(value.dataSync()[0]).toBeCloseTo(theta, 6)
    tf.dispose([phi, value, ...found.gradients])
    return { gradient, end: Math.sqrt(2 * found.objective) - 1 }
  }

  test.each([
    [0, 0.7872892695, 1.089542441152],
    [0.3, 0.7227492525, 1.058566363039],
  ])('L2T-7 momentum from %f ends at %f with the outer gradient %f', async (start, end, outer) => {
    const found = await scalars(start)
    expect(found.end).toBeCloseTo(end, 6)
    expect(found.gradient).toBeCloseTo(outer, 5)
  })

  test('L2T-7 more steps than stay in memory: those gone over again add what they must', async () => {
    // in plain numbers, and their slope
    const outer = (phi: number): number => {
      let [theta, v] = [0.5, 0.3]
      const step = (g: number): void => {
        v = 0.9 * v + g + 0.01 * theta
        theta -= 0.1 * v
      }
      for (let t = 0; t < 6; t++) step(phi * (theta - 2))
      step(theta + 1)
      return 0.5 * (theta + 1) ** 2
    }
    const slope = (outer(0.7 + 1e-5) - outer(0.7 - 1e-5)) / 2e-5
    const before = tf.memory().numTensors
    expect((await scalars(0.3, { T: 6 })).gradient).toBeCloseTo(slope, 4)
    expect(tf.memory().numTensors).toBe(before)
  })

  test('L2T-4 without transfer steps the outer gradient is exactly 0', async () => {
    expect((await scalars(0.3, { T: 0 })).gradient).toBe(0)
  })

  test('L2T-10 one step without momentum and decay has the closed form', async () => {
    const { gradient } = await scalars(0, { T: 1, mu: 0, rates: { rate: 0.1, weightDecay: 0 } })
    // theta1 = theta - 0.1 * 0.7 (theta - 2); theta2 = 0.9 theta1 - 0.1; a0' = 0.9 (theta2 + 1)
    const theta1 = 0.5 - 0.07 * (0.5 - 2)
    const pulled = 0.9 * (0.9 * theta1 - 0.1 + 1)
    expect(gradient).toBeCloseTo(-0.1 * (0.5 - 2) * pulled, 6)
  })

  test('leaves no tensor behind', async () => {
    const before = tf.memory().numTensors
    await scalars(0.3)
    expect(tf.memory().numTensors).toBe(before)
  })
})

const l2t = strategies.get('l2t-ww')!
const file = {
  model: { dropout: 0, headStd: 0.5 },
  train: {
    batchNorm: 'train',
    schedule: { name: 'constant', warmup: 0 },
    optimizer: { name: 'sgd', rate: 0.03, headRate: 0.03, momentum: 0.9, weightDecay: 0.001 },
  },
}
const member = (options: Record<string, unknown> = {}, more: Record<string, unknown> = file): Member => ({
  strategy: l2t,
  options,
  file: more,
})

/** Options as the run file's defaults make them. */
const optionsOf = (options: Partial<Options> = {}): Options => schema.parse(options)

const pair: Pair = {
  name: 'top-bottom',
  teacher: { name: 'top', layer: 'top', shape: [4, 4, 3] },
  student: { name: 'bottom', layer: 'bottom', shape: [2, 2, 5] },
}

const draw = (shape: number[], seed: number): Tensor => tf.randomNormal(shape, 0, 1, 'float32', seed)

/** A pair's parameters as they begin, the regressor's drawn. */
function values(options: Options): ParameterSource {
  const random = (name: string) => new RandomStream(3, name)
  const all = new Map(
    metaParameters([pair], options, random).map(({ info, initial }) => [
      info.name,
      tf.tensor(initial, [...info.shape], 'float32') as Tensor,
    ]),
  )
  all.set('regressor.top-bottom.weight', draw([1, 1, 5, 3], 1))
  all.set('regressor.top-bottom.bias', draw([3], 2))
  return { get: (name) => all.get(name)! }
}

test('L2T-1 channel weights begin as exactly 1 / C, whatever the image', () => {
  tf.tidy(() => {
    for (const c of [1, 2, 4, 64]) {
      const own = { ...pair, teacher: { ...pair.teacher, shape: [4, 4, c] as const } }
      const made = metaParameters([own], optionsOf(), (name) => new RandomStream(1, name))
      const source: ParameterSource = {
        get: (name) => {
          const { info, initial } = made.find((one) => one.info.name === name)!
          return tf.tensor(initial, [...info.shape], 'float32')
        },
      }
      const found = channelWeights(source, own, draw([7, c], 5), optionsOf())
      expect(new Set(floats(found))).toEqual(new Set([Math.fround(1 / c)]))
    }
  })
})

test('L2T-2 channel weights sum to 1 and strengths lie from 0 to 6', () => {
  tf.tidy(() => {
    const wild: ParameterSource = {
      get: (name) =>
        draw(
          name.endsWith('bias')
            ? [name.startsWith('strength') ? 1 : 3]
            : name.startsWith('strength')
              ? [3, 1]
              : [3, 3],
          9,
        ),
    }
    const pooled = tf.mul(draw([200, 3], 4), 20)
    const sums = floats(tf.sum(channelWeights(wild, pair, pooled, optionsOf()), 1))
    for (const sum of sums) expect(sum).toBeCloseTo(1, 5)
    const found = floats(strengths(wild, pair, pooled, optionsOf()))
    expect(Math.min(...found)).toBe(0)
    expect(Math.max(...found)).toBe(6)
  })
})

test.each(['start', 'T'])('L2T-3 without strength (%s) a run is plain training, bit for bit', async (how) => {
  const pretrained = how === 'start'
  const ours = await afterOneStep(member({ beta: 0, start: pretrained ? 'pretrained' : 'random' }))
  const plain = await afterOneStep({ strategy: strategies.get(pretrained ? 'full' : 'scratch')!, file })
  expect(plain.after.size).toBeGreaterThan(10)
  for (const [name, after] of plain.after) expect([name, ours.after.get(name)]).toEqual([name, after])
  // nothing teaches regressors and meta-networks
  for (const [name, after] of ours.after)
    if (!plain.after.has(name)) expect([name, after]).toEqual([name, ours.before.get(name)])
})

/** A small look-ahead of one pair; `phi` are the outer variables. */
async function small(options: Options, phi: Tensor[]) {
  const theta = new Map([
    ['w', draw([5, 5], 11)],
    ['regressor.top-bottom.weight', draw([1, 1, 5, 3], 1)],
    ['regressor.top-bottom.bias', draw([3], 2)],
  ])
  const x = draw([4, 2, 2, 5], 21)
  const map = draw([4, 2, 2, 3], 22)
  const maps = { maps: new Map([[pair.name, map]]), pooled: new Map() }
  const features = (p: ParameterSource) =>
    tf.reshape(tf.tanh(tf.matMul(tf.reshape(x, [-1, 5]), p.get('w'))), [4, 2, 2, 5])
  const outer = (p: ParameterSource): Tensor => tf.mean(tf.square(tf.sub(features(p), 0.3)))
  const transfer: InnerStep = {
    outer: true,
    loss: (p) =>
      transferLoss(p, [pair], new Map([['bottom', features(p)]]), maps, [tf.mul(phi[0]!, options.beta)]),
  }
  const found = await lookAhead({
    from: theta,
    others: none,
    optimizer: descent(0.9),
    momentum: 0.9,
    rates: () => ({ rate: 0.1, weightDecay: 0.01 }),
    steps: [transfer, transfer, { outer: false, loss: outer }],
    objective: outer,
    variables: phi,
  })
  tf.dispose([...theta.values(), x, map])
  return found
}

test('L2T-3 without strength the outer gradient is exactly 0', async () => {
  const { gradients } = await small(optionsOf({ beta: 0 }), [tf.fill([4, 3], 0.4)])
  expect([...floats(gradients[0]!)].every((value) => value === 0)).toBe(true)
})

test('L2T-7 the outer gradient of a small network agrees with finite differences', async () => {
  const options = optionsOf({ beta: 1.5 })
  const at = (i: number, by: number) =>
    tf.tensor2d(
      Float32Array.from({ length: 12 }, (_, j) => 0.4 + 0.05 * j + (i === j ? by : 0)),
      [4, 3],
    )
  const { gradients } = await small(options, [at(-1, 0)])
  for (const i of [0, 5, 11]) {
    const [more, less] = [await small(options, [at(i, 0.05)]), await small(options, [at(i, -0.05)])]
    const slope = (more.objective - less.objective) / 0.1
    expect(Math.abs(slope)).toBeGreaterThan(1e-5)
    expect(Math.abs(floats(gradients[0]!)[i]! / slope - 1)).toBeLessThan(0.02)
  }
})

/** Values, momentum and running statistics, the meta-networks left out. */
function stateOf({ bank, optimizer, graph }: TrainingSession): Map<string, Float32Array> {
  const isMeta = (name: string) => graph.parameters.get(name)?.owned?.group === 'meta'
  const all = valuesOf(bank)
  for (const [key, slot] of optimizer.slots()) all.set(`slot ${key}`, floats(slot).slice())
  return new Map([...all].filter(([key]) => !isMeta(key) && !isMeta(key.replace(/^slot (.*)\/[^/]*$/, '$1'))))
}

/** State after the real step and after the look-ahead that follows. */
async function aroundLookAhead(options: Record<string, unknown>) {
  const session = await openMember(member(options))
  await session.advance()
  await session.step()
  const runtime = session.runtime!
  const own = runtime.afterStep!.bind(runtime)
  let before: ReturnType<typeof stateOf> | undefined
  const meta = new Map<string, Float32Array>()
  runtime.afterStep = async (step) => {
    before = stateOf(session)
    for (const [name, value] of valuesOf(session.bank)) meta.set(name, value)
    await own(step)
  }
  await session.step()
  const after = stateOf(session)
  const moved = differences(meta, valuesOf(session.bank))
  await session.dispose()
  return { before: before!, after, moved }
}

test('L2T-5 a look-ahead leaves weights, momentum and running statistics bit-identical, and teaches the meta-networks', async () => {
  const { before, after, moved } = await aroundLookAhead({ metaRate: 0.01 })
  expect([...before.keys()].some((key) => key.startsWith('slot regressor.'))).toBe(true)
  expect(before.size).toBeGreaterThan(50)
  expect(differences(before, after)).toEqual([])
  expect(moved.some((name) => name.startsWith('channels.'))).toBe(true)
  expect(moved.some((name) => name.startsWith('strength.'))).toBe(true)
})

test('as the release does it, running statistics alone get one more update', async () => {
  const { before, after } = await aroundLookAhead({ metaRate: 0.01, rollback: 'release' })
  const moved = differences(before, after)
  expect(moved.length).toBeGreaterThan(4)
  expect(moved.filter((name) => !name.includes('mean') && !name.includes('var'))).toEqual([])
})

test('L2T-6 a pair of strength 0 changes nothing', () => {
  tf.tidy(() => {
    const options = optionsOf({ strengths: 'fixed', channels: 'uniform' })
    const other = { ...pair, name: 'other', student: { ...pair.student, name: 'other' } }
    const hooks = new Map([['bottom', draw([4, 2, 2, 5], 3)]])
    const source = sourceMaps(
      [pair, other],
      sourceTensors([pair, other], new Map([['top', draw([4, 4, 4, 3], 4)]])),
    )
    const own = values(options)
    const both: ParameterSource = {
      get: (name) =>
        name.startsWith('regressor.other')
          ? draw(name.endsWith('bias') ? [3] : [1, 1, 5, 3], 8)
          : own.get(name),
    }
    const [weight] = coefficients(both, [pair], source, options)
    const zero = tf.zerosLike(weight!)
    const alone = transferLoss(both, [pair], hooks, source, [weight!])
    const together = transferLoss(both, [pair, other], hooks, source, [weight!, zero])
    expect(floats(together)[0]).toBe(floats(alone)[0])
    expect(floats(alone)[0]).toBeGreaterThan(0.1)
  })
})

test('L2T-8 one pair with uniform channels and a constant strength is that strength times the mean hint loss of FitNets', () => {
  tf.tidy(() => {
    const options = optionsOf({ strengths: 'fixed', strengthStart: 2.5, channels: 'uniform', beta: 1 })
    const map = draw([4, 2, 2, 5], 3)
    const teacher = draw([4, 4, 4, 3], 4)
    const own = values(options)
    const source = sourceMaps([pair], sourceTensors([pair], new Map([['top', teacher]])))
    const loss = transferLoss(
      own,
      [pair],
      new Map([['bottom', map]]),
      source,
      coefficients(own, [pair], source, options),
    )
    const named: ParameterSource = {
      get: (name) => own.get(name.replace('regressor', 'regressor.top-bottom')),
    }
    const fitnets = hintLoss(named, map, teacher, { hintLoss: 'mean' })
    expect(floats(loss)[0]! / floats(fitnets)[0]!).toBeCloseTo(2.5, 5)
  })
})

test('L2T-9 the teacher is as it was', async () => {
  const session = await openMember(member({ metaRate: 0.01 }))
  const before = valuesOf(session.teacher!.parameters)
  for (let i = 0; i < 3; i++) await session.step()
  expect(differences(before, valuesOf(session.teacher!.parameters))).toEqual([])
  await session.dispose()
})

/** What the look-ahead of a first step finds when one strength's bias has just been moved, and the outer gradient by it. */
async function strengthMoved(by: number) {
  const name = 'strength.stage2-stage1.bias'
  // small enough that no ReLU changes sides on the way
  const rate = 0.002
  const optimizer = { ...file.train.optimizer, rate, headRate: rate }
  const more = { train: { ...file.train, optimizer } }
  const options = { metaOptimizer: 'sgd', metaRate: 1, metaDecay: 0, strengthForm: 'relu', beta: 5 }
  const sink = new Collected()
  const session = await openMember(member(options, more), sink)
  await session.advance()
  const runtime = session.runtime!
  const own = runtime.afterStep!.bind(runtime)
  let before = 0
  runtime.afterStep = async (step) => {
    before = floats(session.bank.get(name))[0]! + by
    session.bank.set(name, tf.tensor1d([before]))
    await own(step)
  }
  await session.step()
  const gradient = before - floats(session.bank.get(name))[0]!
  await runtime.pictures!()
  const { outer } = sink.of('picture').findLast((one) => one.name === 'pairs')!.data as L2tPicture
  await session.dispose()
  return { gradient, after: outer!.after }
}

test('L2T-7 the outer gradient of a whole run, batch norm and dropout included, agrees with finite differences', async () => {
  const { gradient } = await strengthMoved(0)
  const [more, less] = [await strengthMoved(0.1), await strengthMoved(-0.1)]
  const slope = (more.after - less.after) / 0.2
  expect(Math.abs(slope)).toBeGreaterThan(5e-5)
  expect(Math.abs(gradient / slope - 1)).toBeLessThan(0.04)
})

test('a pass has the same dropout masks whenever it is replayed, and each pass its own', async () => {
  const session = await openMember(member({}, { ...file, model: { ...file.model, dropout: 0.2 } }))
  const { graph, spec, bank, setup } = session
  const teacher = setup.teacher!.graph
  const options = optionsOf({ transferSteps: 0 })
  const x = tf.randomUniform([6, 8, 8, 3], 0, 255, 'float32', 5)
  const labels = tf.tensor1d([0, 1, 2, 0, 1, 2], 'int32')
  const at = (step: number) =>
    innerSteps({
      context: { graph, spec, step, mode: () => 'train' },
      options,
      pairs: pairsOf({ graph, spec, teacher }, options),
      batch: { x, labels },
      source: { maps: new Map(), pooled: new Map() },
      weights: [],
      names: [],
    })
  expect(graph.nodes.some(({ op }) => op.kind === 'dropout')).toBe(true)
  const value = (loss: (parameters: ParameterSource) => Tensor) => tf.tidy(() => floats(loss(bank))[0])
  const { steps, objective } = at(0)
  const entropy = value(steps[0]!.loss)
  expect(value(steps[0]!.loss)).toBe(entropy)
  expect(value(objective)).not.toBe(entropy)
  expect(value(at(1).steps[0]!.loss)).not.toBe(entropy)
  tf.dispose([x, labels])
  await session.dispose()
})

test('pairs: the last stage of each resolution with each, nearest resolutions, the topmost, or as listed', () => {
  const of = (pairs: Options['pairs'], graph = realGraph('small_cnn'), teacher = realGraph('resnet18')) =>
    pairsOf({ graph, teacher, spec: tinySpec('l2t-ww', { model: { inputSize: 64 } }) }, { pairs }).all.map(
      ({ name }) => name,
    )
  expect(of('all-to-all', realGraph('resnet18'), realGraph('resnet50'))).toHaveLength(16)
  expect(of('one-to-one', realGraph('resnet18'), realGraph('resnet50'))).toEqual([
    'stage1-stage1',
    'stage2-stage2',
    'stage3-stage3',
    'stage4-stage4',
  ])
  const lists = of('one-to-one')
  expect(new Set(lists.map((name) => name.split('-')[0])).size).toBe(lists.length)
  expect(of('single', realGraph('resnet18'), realGraph('resnet50'))).toEqual(['stage4-stage4'])
  expect(of([['layer2.0.relu', 'stage1']], realGraph('resnet18'))).toEqual(['layer2.0.relu-stage1'])
  expect(() => of([['stage9', 'stage1']])).toThrow(
    /strategy.pairs\[0\]\[0\]: resnet18 has no stage or layer "stage9"/,
  )
  expect(() => of([['avgpool', 'stage1']])).toThrow(/is no feature map|no stage or layer/)
  expect(() =>
    of([
      ['stage1', 'stage1'],
      ['stage1', 'stage1'],
    ]),
  ).toThrow(/comes twice/)
})

test('an update that the recurrence does not describe is refused, with what to write', async () => {
  const failing = (train: Record<string, unknown>, options = {}) =>
    openMember(member(options, { ...file, train: { ...file.train, ...train } })).then(
      async (session) => {
        await session.dispose()
        return ''
      },
      (error: Error) => error.message,
    )
  const sgd = file.train.optimizer
  expect(await failing({ optimizer: { name: 'adamw' } })).toMatch(/^train.optimizer.name: .* write "sgd"/)
  expect(await failing({ optimizer: { ...sgd, nesterov: true } })).toMatch(/^train.optimizer.nesterov/)
  expect(await failing({ optimizer: { ...sgd, clipNorm: 1 } })).toMatch(/^train.optimizer.clipNorm/)
  expect(await failing({ optimizer: { ...sgd, accumulate: 2 } })).toMatch(/^train.optimizer.accumulate/)
  // with nothing to look ahead for, any update will do
  expect(await failing({ optimizer: { name: 'adamw' } }, { metaRate: 0 })).toBe('')
})

test('without weights a teacher must be named, and a student cannot start from them', async () => {
  const empty = { graph: tinyGraph(), values: new Map(), source: 'none (tiny)' }
  const { TrainingSession: Session } = await import('../../../src/engine/train')
  const { environment, tinyParts } = await import('../train/fixture')
  const open = (options: Record<string, unknown>, parts = {}) => {
    const spec = tinySpec({ name: 'l2t-ww', ...options }, { train: file.train })
    return Session.open(spec, environment(), { ...tinyParts(spec), model: empty, ...parts })
  }
  await expect(open({})).rejects.toThrow(
    /^strategy: l2t-ww learns from a pre-trained network, and the model has no weights/,
  )
  const teacher = tinyParts(tinySpec('full')).model
  await expect(open({ start: 'pretrained' }, { teacher })).rejects.toThrow(
    /strategy.start: "pretrained" needs/,
  )
  const session = await open({}, { teacher })
  await session.dispose()
})

test('tells pairs, their strengths over time and what the last look-ahead found', async () => {
  const { sink } = await runMember(member({ metaRate: 0.01 }))
  const picture = sink.of('picture').findLast(({ name }) => name === 'pairs')!.data as L2tPicture
  expect(picture.pairs).toHaveLength(picture.teacher.length * picture.student.length)
  expect(picture.history.map(({ step }) => step)).toEqual([0, 1, 2, 3, 4, 5])
  for (const { strength, spread, perplexity, bars, share, gradient } of picture.pairs) {
    expect(strength).toBeGreaterThan(0)
    expect(spread).toBeGreaterThan(0)
    expect(perplexity).toBeGreaterThan(0.5)
    expect(bars[0]).toBeGreaterThanOrEqual(bars.at(-1)!)
    expect(gradient).toBeGreaterThan(0)
    expect(share).toBeGreaterThan(0)
  }
  expect(picture.pairs.reduce((sum, { share }) => sum + share!, 0)).toBeCloseTo(1, 2)
  expect(picture.outer!.change).toBeLessThan(0)
})

test('the past of many pairs is thinned evenly and goes on after a resume', () => {
  const history = new History(100)
  for (let step = 0; step < 1000; step++)
    if (history.wants(step)) history.add(step, new Array<number>(100).fill(1 / 3))
  expect(history.points.length).toBeLessThanOrEqual(40)
  expect(history.points.length).toBeGreaterThan(15)
  const again = new History(100)
  again.restore(JSON.parse(JSON.stringify(history.toJSON())) as ReturnType<History['toJSON']>)
  expect(again.points).toEqual(history.points)
  expect(again.wants(1)).toBe(false)
})

test.each(realNetworks)('takes a step and looks ahead on %s', async (name) => {
  const { session, sink } = await openReal(
    name,
    { name: 'l2t-ww', pairs: 'single', transferSteps: 1, metaRate: 0.01 },
    { train: { steps: 1, optimizer: { name: 'sgd', rate: 0.001 } } },
  )
  const report = await session.step()
  expect(Number.isFinite(report!.loss)).toBe(true)
  expect(report!.parts['transfer']).toBeGreaterThan(0)
  // maps of one position and two images leave some gradients exactly 0: nothing to say about those
  expect(sink.of('alarm').filter(({ code }) => code === 'frozen-moved')).toEqual([])
  await session.dispose()
})
