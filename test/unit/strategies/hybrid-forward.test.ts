import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import type { HybridForwardPicture } from '../../../src/events/pictures/hybrid-forward'
import { openBackend, tf } from '../../../src/engine/backend'
import { createBank, runGraph } from '../../../src/engine/network'
import type { LoadedModel } from '../../../src/engine/network/types'
import { floats } from '../../../src/engine/optim/floats'
import { RandomStream } from '../../../src/engine/random'
import { adapterParameters } from '../../../src/engine/strategies/hybrid-forward/adapters'
import { alphaAt, smoothed } from '../../../src/engine/strategies/hybrid-forward/balance'
import { cutsOf } from '../../../src/engine/strategies/hybrid-forward/cuts'
import { emptyHistory, follow } from '../../../src/engine/strategies/hybrid-forward/history'
import { options } from '../../../src/engine/strategies/hybrid-forward/meta'
import { routes } from '../../../src/engine/strategies/hybrid-forward/paths'
import { strategies } from '../../../src/engine/strategies/registry'
import type { Strategy } from '../../../src/engine/strategies/types'
import { drawsOf, openTrained, trainRun, TrainingSession } from '../../../src/engine/train'
import { residualModel } from '../../parity/networks'
import { Collected, environment, tinyGraph, tinyModel, tinyParts, tinySpec } from '../train/fixture'
import {
  afterOneStep,
  differences,
  openMember,
  runMember,
  valuesOf,
  weightsOf,
  type Member,
} from './contract'
import { openReal, realGraph, realModel, realNetworks } from './realNetworks'

beforeAll(() => openBackend('cpu'))

const hybrid = strategies.get('hybrid-forward')!
const full = strategies.get('full')!

/** No decay, no momentum: what moves has a gradient. */
const sgd = (batchNorm: string) => ({
  model: { dropout: 0, headStd: 0.5 },
  data: { transforms: 'none' },
  train: {
    batchNorm,
    optimizer: { name: 'sgd', rate: 0.01, headRate: 0.01, momentum: 0, weightDecay: 0 },
    schedule: { name: 'constant', warmup: 0 },
  },
})
const member = (
  chosen: Record<string, unknown> = {},
  file: Record<string, unknown> = sgd('train'),
  strategy: Strategy = hybrid,
): Member => ({ strategy, options: chosen, file })

/** What the strategy's runtime sees of one step. */
async function observedStep(session: TrainingSession) {
  await session.advance()
  let seen: Record<string, Float32Array> = {}
  const own = session.runtime!.afterStep!.bind(session.runtime)
  session.runtime!.afterStep = async (step) => {
    seen = Object.fromEntries(
      Object.entries(step.observed).map(([name, tensor]) => [name, floats(tensor).slice()]),
    )
    await own(step)
  }
  const report = (await session.step())!
  return { report, ...seen } as unknown as { report: typeof report } & Record<
    'losses' | 'logits' | 'weights',
    Float32Array
  >
}

function expectOneFunction({ logits, losses, weights }: Awaited<ReturnType<typeof observedStep>>) {
  const size = logits.length / 3
  const paths = [0, 1, 2].map((i) => logits.slice(i * size, (i + 1) * size))
  expect(paths[0]).toEqual(paths[2])
  expect(paths[1]).toEqual(paths[2])
  expect(new Set(losses).size).toBe(1)
  expect([...weights]).toEqual([0.5, 0.5])
}

describe('HF-1 with the same weights and identity adapters the three paths are bit-identical, weights exactly one half', () => {
  test.each(['needed', 'all'] as const)('on the tiny network, adapters %s', async (adapters) => {
    const session = await openMember(member({ adapters }, sgd('eval_affine')))
    expectOneFunction(await observedStep(session))
    await session.dispose()
  })
  test('on the packaged network, at every cut, on wasm', async () => {
    const { session } = await openReal(
      'thaw:efficientnet-lite0',
      { name: 'hybrid-forward', adapters: 'all', compare: false },
      { train: { batchNorm: 'eval_affine' } },
    )
    expect([...session.graph.parameters.keys()].filter((name) => name.startsWith('adapter.'))).toHaveLength(
      18,
    )
    expectOneFunction(await observedStep(session))
    await session.dispose()
  })
})

test.each([
  ['fixed', { balance: 'fixed', alpha: 1 }],
  ['schedule', { balance: 'schedule', schedule: [{ from: 0, alpha: 1 }] }],
])(
  'U2, HF-2 without weight (%s) a run is plain fine-tuning, bit for bit, statistics included',
  async (_, chosen) => {
    const file = {
      model: { dropout: 0.2 },
      train: { batchNorm: 'train', optimizer: { name: 'adamw', rate: 0.003 } },
    }
    const end = async (one: Member) => weightsOf((await runMember(one)).sink.checkpoints.at(-1)!.files)
    const [ours, plain] = [
      await end(member({ ...chosen, adapters: 'all' }, file)),
      await end(member({}, file, full)),
    ]
    for (const [name, values] of plain) expect([name, ours.get(name)]).toEqual([name, values])
  },
)

/** The strategy that descends on some of its losses alone. */
const only = (...names: string[]): Strategy => ({
  ...hybrid,
  plan: (context, own) =>
    hybrid.plan(context, own).map((phase) => ({
      ...phase,
      forward: (step) => {
        const forward = phase.forward!(step)
        return { ...forward, losses: forward.losses.filter(({ name }) => names.includes(name)) }
      },
    })),
})

test.each([
  ['hybrid 1', ['stem.', 'a.'], ['b.', 'c.']],
  ['hybrid 2', ['b.', 'c.'], ['stem.', 'a.']],
  ['cross-entropy', ['stem.', 'a.', 'b.', 'c.'], []],
])('HF-3 %s reaches the student stages of its path and no other', async (loss, on, off) => {
  const session = await openMember(member({}, sgd('train'), only(loss)))
  await session.advance()
  const before = valuesOf(session.bank)
  await session.step()
  const moved = differences(before, valuesOf(session.bank))
  const kernels = [...session.graph.parameters.values()].filter(({ role }) => role === 'kernel')
  const at = (prefixes: string[]) =>
    kernels.map(({ name }) => name).filter((name) => prefixes.some((prefix) => name.startsWith(prefix)))
  expect(at(on).length + at(off).length).toBe(5)
  for (const name of at(on)) expect(moved).toContain(name)
  for (const name of at(off)) expect(moved).not.toContain(name)
  expect(moved).toContain('head.weight')
  await session.dispose()
})

test('HF-4 the two hybrid paths part the stages of both networks between them, whatever is crossed', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9 }), fc.infiniteStream(fc.boolean()), (stages, crossings) => {
      const [first, second] = routes(stages, () => crossings.next().value)
      expect(first).toHaveLength(stages)
      for (let stage = 0; stage < stages; stage++)
        expect(new Set([first[stage], second[stage]])).toEqual(new Set(['student', 'teacher']))
      expect(first[0]).toBe('student')
    }),
  )
  expect(routes(4)[0]).toEqual(['student', 'teacher', 'student', 'teacher'])
})

test.each([{}, { teacherNorms: 'batch', adapters: 'all' }, { cuts: 0 }])(
  'HF-5 %j: running statistics after a step are those of a step of the student alone, bit for bit',
  async (chosen) => {
    const [ours, alone] = [
      await afterOneStep(member(chosen)),
      await afterOneStep(member({}, sgd('train'), full)),
    ]
    const buffers = [...alone.after.keys()].filter((name) => name.includes('running_'))
    expect(buffers.length).toBeGreaterThan(8)
    for (const name of buffers) expect([name, ours.after.get(name)]).toEqual([name, alone.after.get(name)])
    for (const name of buffers) expect(ours.after.get(name)).not.toEqual(ours.before.get(name))
    expect(differences(ours.after, alone.after)).toContain('a.conv.weight')
  },
)

test.each(['frozen', 'batch'])(
  'HF-6 the teacher, norms %s, is bit-identical throughout',
  async (teacherNorms) => {
    const session = await openMember(member({ teacherNorms, routes: 'random' }))
    const before = await session.teacher!.parameters.hash()
    while (await session.step());
    expect(await session.teacher!.parameters.hash()).toBe(before)
    expect(before).toBe(await createBank(tinyModel().values).hash())
    await session.dispose()
  },
)

test('HF-7 matched, both hybrid losses together are as large as the student’s, unless clamped', async () => {
  const session = await openMember(member())
  for (let i = 0; i < 4; i++) {
    const { parts } = (await session.step())!
    expect(parts['hybrid 1']! + parts['hybrid 2']!).toBeCloseTo(parts['cross-entropy']!, 5)
    expect(parts['hybrid 1']).toBeCloseTo(parts['hybrid 2']!, 5)
  }
  await session.dispose()
  const clamped = await openMember(member({ largest: 0.25 }))
  const { losses, weights, report } = await observedStep(clamped)
  expect([...weights]).toEqual([0.25, 0.25])
  expect(report.parts['hybrid 1']).toBeCloseTo(losses[0]! / 4, 5)
  await clamped.dispose()
})

test('HF-8 one stage: path 1 is the student, path 2 the teacher under the student’s head', async () => {
  // members have dropout
  const spec = tinySpec({ name: 'hybrid-forward', cuts: 0 }, sgd('train'))
  const session = await TrainingSession.open(spec, environment(), tinyParts(spec))
  await session.step()
  const bank = createBank(
    new Map(
      [...valuesOf(session.bank)].map(([name, data]) => [
        name,
        { shape: [...session.graph.parameters.get(name)!.shape], data },
      ]),
    ),
  )
  const batch = await session.setup.images.stream(session.setup.size).next()
  const x = tf.tensor4d(batch.images, batch.shape)
  session.stream.next = () => Promise.resolve(batch)
  const { logits } = await observedStep(session)
  const size = logits.length / 3
  expect(logits.slice(0, size)).toEqual(logits.slice(2 * size))
  const { graph, parameters } = session.teacher!
  const theirs = tf.tidy(() => {
    const maps = runGraph(graph, x, { parameters }).output
    const features = tf.mean(maps, [1, 2]) as tf.Tensor2D
    return [
      ...floats(tf.add(tf.matMul(features, bank.get('head.weight') as tf.Tensor2D), bank.get('head.bias'))),
    ]
  })
  theirs.forEach((value, i) => expect(logits[size + i]).toBeCloseTo(value, 5))
  x.dispose()
  bank.dispose()
  await session.dispose()
})

test('HF-9 the finished student has no parameter of teacher or adapters, and is path 3 in evaluation', async () => {
  const one = member({ adapters: 'all' })
  const session = await openMember(one)
  const sink = session.env.sink as Collected
  while (await session.step());
  await session.checkpoint()
  const model = await openTrained(session.spec, { base: '.' }, sink.checkpoints.at(-1)!.files, {
    model: tinyModel(),
    strategy: hybrid,
  })
  const plain = [...tinyGraph().parameters.keys(), 'head.weight', 'head.bias']
  expect([...model.values.keys()].sort()).toEqual(plain.sort())
  expect([...session.bank.names()].filter((name) => name.startsWith('adapter.'))).toHaveLength(6)
  await session.dispose()
})

test('alpha of the schedule by share of the run; the paths end where it is 1 for good', async () => {
  const { schedule } = options.parse({})
  expect([0, 0.3, 0.34, 0.5, 0.66, 0.67, 1].map((share) => alphaAt(schedule, share))).toEqual([
    0.2, 0.2, 0.6, 0.9, 0.9, 1, 1,
  ])
  const session = await openMember(member({ balance: 'schedule', adapters: 'all' }))
  expect(session.setup.phases.map(({ phase, from, to }) => [phase.name, from, to])).toEqual([
    ['hybrid', 0, 4],
    ['student', 4, 6],
  ])
  const seen = []
  for (let report = await session.step(); report; report = await session.step())
    seen.push(Object.keys(report.parts))
  expect(seen.map((names) => names.length)).toEqual([3, 3, 3, 3, 1, 1])
  await session.dispose()
})

test('smoothed losses: the first is the loss itself, and they survive a resume', async () => {
  expect(smoothed(undefined, [1, 2, 3], 0.9)).toEqual([1, 2, 3])
  expect(smoothed([1, 2, 3], [2, 2, 1], 0.75)).toEqual([1.25, 2, 2.5])
  const session = await openMember(member({ balance: 'ema', smoothing: 0.5 }))
  const first = await observedStep(session)
  const second = await observedStep(session)
  const mean = first.losses.map((value, i) => (value + second.losses[i]!) / 2)
  expect(first.weights[0]).toBeCloseTo(first.losses[2]! / 2 / first.losses[0]!, 5)
  for (const i of [0, 1]) expect(second.weights[i]).toBeCloseTo(mean[2]! / 2 / mean[i]!, 5)
  await session.dispose()
})

test('other adapters keep lengths: orthonormal rows or columns; square ones are the identity', () => {
  const kernelOf = (inputs: number, outputs: number) =>
    adapterParameters(
      { name: 'a', from: [1, 1, inputs], to: [1, 1, outputs] },
      new RandomStream(1, 'adapters'),
    )[0]!.initial
  for (const [inputs, outputs] of [
    [5, 3],
    [3, 5],
  ] as const) {
    const kernel = kernelOf(inputs, outputs)
    const at = (i: number, j: number) => kernel[i * outputs + j]!
    const few = Math.min(inputs, outputs)
    for (let a = 0; a < few; a++)
      for (let b = 0; b < few; b++) {
        let dot = 0
        for (let k = 0; k < 5; k++) dot += inputs > outputs ? at(k, a) * at(k, b) : at(a, k) * at(b, k)
        expect(dot).toBeCloseTo(a === b ? 1 : 0, 6)
      }
  }
  expect([...kernelOf(2, 2)]).toEqual([1, 0, 0, 1])
})

test('cuts lie just before each down-sampling that both networks have', () => {
  const names = (a: string, b: string, chosen = {}) =>
    cutsOf(realGraph(a), realGraph(b), 64, chosen).map(({ student, teacher }) => [
      student.layer,
      teacher.layer,
    ])
  expect(names('resnet18', 'resnet50')).toEqual([
    ['layer1.1.relu', 'layer1.2.relu'],
    ['layer2.1.relu', 'layer2.3.relu'],
    ['layer3.1.relu', 'layer3.5.relu'],
    ['layer4.1.relu', 'layer4.2.relu'],
  ])
  expect(names('resnet18', 'resnet50', { cuts: 1 })).toEqual([
    ['layer2.1.relu', 'layer2.3.relu'],
    ['layer4.1.relu', 'layer4.2.relu'],
  ])
  // a pooling belongs to what comes after it
  expect(names('small_cnn', 'resnet18').slice(0, -1)).toEqual([['relu3', 'layer1.1.relu']])
  expect(names('small_cnn', 'resnet18', { cuts: [{ student: 'stage2', teacher: 'stage1' }] })[0]).toEqual([
    'pool3',
    'layer1.1.relu',
  ])
})

const failing = (
  chosen: Record<string, unknown>,
  parts: { model?: LoadedModel; teacher?: LoadedModel } = {},
) => {
  const spec = tinySpec({ name: 'hybrid-forward', ...chosen })
  return TrainingSession.open(spec, environment(), { ...tinyParts(spec), ...parts }).then(
    () => '',
    (error: Error) => error.message,
  )
}
const untrained = { ...tinyModel(), values: new Map(), source: 'none (tiny)' }

test.each([
  [
    'a teacher without weights',
    {},
    { model: untrained },
    /hybrid-forward learns from a pre-trained network, and the model has no weights; name a model file/,
  ],
  [
    'an unknown layer',
    { cuts: [{ student: 'a.rel', teacher: 'a.relu' }] },
    {},
    /strategy.cuts\[0\].student: there is no stage or layer 'a.rel'.*a.relu/,
  ],
  [
    'a layer that a way goes around',
    { cuts: [{ student: 'c.conv', teacher: 'a.relu' }] },
    {},
    /strategy.cuts\[0\].student: not all of tiny goes through "c.conv"/,
  ],
  [
    'cuts out of order',
    {
      cuts: [
        { student: 'a.relu', teacher: 'a.relu' },
        { student: 'stem.relu', teacher: 'b.pw.relu' },
      ],
    },
    {},
    /cuts\[1\].student: "stem.relu" is not above "a.relu"/,
  ],
  [
    'the last layer',
    { cuts: [{ student: 'c.add', teacher: 'a.relu' }] },
    {},
    /where the last stage ends anyway/,
  ],
  [
    'too many cuts',
    { cuts: 5 },
    {},
    /strategy.cuts: both networks have 1 down-samplings in common, not 5; write a number from 0 to 1/,
  ],
  [
    'a schedule that does not rise',
    {
      balance: 'schedule',
      schedule: [
        { from: 0, alpha: 0.5 },
        { from: 0, alpha: 1 },
      ],
    },
    {},
    /strategy.schedule\[1\].from: 0 is not above 0/,
  ],
  [
    'an architecture of nothing',
    { teacherArchitecture: 'resnet18' },
    {},
    /strategy.teacherArchitecture: .*none is named/,
  ],
])('refuses %s', async (_, chosen, parts, message) => {
  expect(await failing(chosen, parts)).toMatch(message)
})

test('refuses networks without a common down-sampling, and names layers that could be written', async () => {
  const chosen = residualModel({ widths: [4], blocks: [1] })
  expect(await failing({}, { teacher: chosen })).toMatch(
    /strategy.cuts: tiny and tiny-resnet have no down-sampling in common.*\[\{"student": ".+", "teacher": ".+"\}\]/,
  )
})

/** Another architecture of other widths, so that every crossing needs an adapter; a random student too. */
describe.each(['pretrained', 'random'])('a teacher of another architecture, student %s', (start) => {
  const spec = tinySpec(
    { name: 'hybrid-forward', start, routes: 'random', cuts: [{ student: 'a.relu', teacher: 'stage1' }] },
    { train: { steps: 6, checkpoints: { every: 1, last: 100 }, optimizer: { name: 'sgd', rate: 0.02 } } },
  )
  const parts = () => ({ ...tinyParts(spec), teacher: residualModel() })
  const run = async (resume?: { step: number; files: ReadonlyMap<string, Uint8Array> }) => {
    const sink = new Collected()
    const outcome = await trainRun(spec, environment(sink, { resume }), parts())
    expect(outcome.message).toBeUndefined()
    return sink
  }
  test('trains, resumes bit-equal in the middle, and tells the balance', async () => {
    const whole = await run()
    const { step, files } = whole.checkpoints[2]!
    const again = await run({ step, files })
    const end = (sink: Collected) => weightsOf(sink.checkpoints.at(-1)!.files)
    expect(differences(await end(whole), await end(again))).toEqual([])
    const told = (sink: Collected) =>
      sink.of('picture').findLast(({ name }) => name === 'balance')!.data as HybridForwardPicture
    expect(told(again)).toEqual(told(whole))
    const { rows, adapters, agreement, swaps, stages } = told(whole)
    expect(rows.map((row) => row.step)).toEqual([1, 2, 3, 4, 5, 6])
    expect(rows.every(({ losses }) => losses.every((loss) => loss! > 0))).toBe(true)
    expect(adapters.map(({ name }) => name)).toEqual([
      'adapter.1.to_student',
      'adapter.1.to_teacher',
      'adapter.2.to_student',
    ])
    expect(Math.max(...adapters.map(({ moved }) => moved))).toBeGreaterThan(0)
    expect(agreement!.map(({ stage, path }) => [stage, path])).toEqual([
      [0, 1],
      [1, 2],
    ])
    expect(swaps!.map(({ stage, images }) => [stage, images])).toEqual([
      [-1, 12],
      [0, 12],
      [1, 12],
    ])
    expect(stages).toHaveLength(2)
  })
})

test('rows of the history are means; neighbours become one where there are too many', () => {
  let history = emptyHistory()
  for (let step = 1; step <= 1001; step++)
    history = follow(history, { step, losses: [step, null, 1], weights: [0, 0.5], accuracy: [1, null, 0] })
  expect(history.rows.length).toBeLessThanOrEqual(400)
  expect(history.every).toBe(4)
  expect(history.rows[0]).toEqual({
    step: 4,
    losses: [2.5, null, 1],
    weights: [0, 0.5],
    accuracy: [1, null, 0],
  })
  expect(history.rows.at(-1)!.step).toBe(1001)
})

test('drawn crossings and adapters repeat a run from another seed, by train.inputs', async () => {
  const spec = tinySpec(
    { name: 'hybrid-forward', routes: 'random', adapters: 'all' },
    { data: { transforms: 'none' }, train: { seed: 5, steps: 6 } },
  )
  const base = mkdtempSync(join(tmpdir(), 'thaw-hybrid-'))
  const end = async (one: typeof spec) => {
    const sink = new Collected()
    await trainRun(one, environment(sink, { base }), tinyParts(one))
    return weightsOf(sink.checkpoints.at(-1)!.files)
  }
  const { initialize, inputs } = await drawsOf(spec, { base }, { parts: tinyParts(spec) })
  writeFileSync(join(base, 'initialize.safetensors'), initialize)
  writeFileSync(join(base, 'inputs.safetensors'), inputs)
  const given = { initialize: 'initialize.safetensors', inputs: 'inputs.safetensors', seed: 6 }
  expect(differences(await end(spec), await end({ ...spec, train: { ...spec.train, ...given } }))).toEqual([])
  expect(differences(await end(spec), await end({ ...spec, train: { ...spec.train, seed: 6 } }))).not.toEqual(
    [],
  )
  rmSync(base, { recursive: true })
})

test('a freeze list keeps the objective: what it freezes stays, the paths go through it', async () => {
  const session = await openMember(
    member({ balance: 'schedule' }, { ...sgd('train'), freeze: [{ name: 'top', train: ['c.*', 'head'] }] }),
  )
  await session.advance()
  const before = valuesOf(session.bank)
  const { parts } = (await session.step())!
  expect(Object.keys(parts)).toEqual(['cross-entropy', 'hybrid 1', 'hybrid 2'])
  const moved = differences(before, valuesOf(session.bank))
  expect(moved).toContain('c.conv.weight')
  expect(moved.filter((name) => name.startsWith('a.'))).toEqual([])
  await session.dispose()
})

test.each(realNetworks)('takes steps on %s', async (name) => {
  const { session, sink } = await openReal(name, { name: 'hybrid-forward' })
  await session.step()
  const { parts } = (await session.step())!
  expect(parts['hybrid 1']! + parts['hybrid 2']!).toBeCloseTo(parts['cross-entropy']!, 3)
  await session.advance()
  expect(sink.of('picture').map((picture) => picture.name)).toContain('balance')
  await session.dispose()
})

test('a small network of the user’s, from random weights, learns from the packaged one', async () => {
  const spec = tinySpec(
    { name: 'hybrid-forward', teacher: 'thaw:efficientnet-lite0' },
    {
      backend: 'wasm',
      model: { source: 'none', architecture: 'small_cnn', inputSize: 32 },
      train: { steps: 2, batchSize: 2 },
    },
  )
  const { parts } = await openReal('small_cnn', { name: 'full' })
  const student = { ...(await realModel('small_cnn')), values: new Map() }
  const session = await TrainingSession.open(spec, environment(), {
    images: parts.images,
    model: student,
    teacher: await realModel('thaw:efficientnet-lite0'),
  })
  await session.step()
  expect((await session.step())!.parts['hybrid 2']).toBeGreaterThan(0)
  await session.dispose()
})
