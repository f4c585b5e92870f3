import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { openBackend, tf, valueAndGradients, type Tensor } from '../../../src/engine/backend'
import { exportModel } from '../../../src/engine/formats'
import { attachHead, backboneOf, createBank, createGraph, initialise } from '../../../src/engine/network'
import type { LoadedModel, ParameterSource } from '../../../src/engine/network/types'
import { floats } from '../../../src/engine/optim/floats'
import { RandomStream } from '../../../src/engine/random'
import { hintLoss, hintOf } from '../../../src/engine/strategies/fitnets/hint'
import { softTargetLoss, strengthAt } from '../../../src/engine/strategies/fitnets/softTargets'
import { strategies } from '../../../src/engine/strategies/registry'
import { TrainingSession } from '../../../src/engine/train'
import type { FitNetsPicture } from '../../../src/events/pictures/fitnets'
import { environment, tinyModel, tinyParts, tinySpec } from '../train/fixture'
import { afterOneStep, differences, openMember, runMember, valuesOf, type Member } from './contract'
import { openReal, realGraph, realNetworks } from './realNetworks'

beforeAll(() => openBackend('cpu'))

const fitnets = strategies.get('fitnets')!
const file = {
  model: { dropout: 0, headStd: 0.5 },
  train: {
    batchNorm: 'train',
    schedule: { name: 'constant', warmup: 0 },
    optimizer: { name: 'sgd', rate: 0.02, headRate: 0.02, momentum: 0.9, weightDecay: 0 },
  },
}
const member = (options: Record<string, unknown> = {}, more: Record<string, unknown> = file): Member => ({
  strategy: fitnets,
  options,
  file: more,
})

/** A regressor 1x1 that gives its input back. */
function identity(channels: number): ParameterSource {
  const weight = tf.reshape(tf.eye(channels), [1, 1, channels, channels]) as Tensor
  const bias = tf.zeros([channels]) as Tensor
  return { get: (name) => (name === 'regressor.weight' ? weight : bias) }
}

test.each(['mean', 'half-sum'] as const)(
  'FN-1 equal maps and an identity give a loss of exactly 0 (%s)',
  (kind) => {
    tf.tidy(() => {
      const map = tf.randomNormal([3, 4, 4, 5], 0, 1, 'float32', 1)
      expect(floats(hintLoss(identity(5), map, map, { hintLoss: kind }))[0]).toBe(0)
      expect(floats(hintLoss(identity(5), map, tf.add(map, 1), { hintLoss: kind }))[0]).toBeCloseTo(
        kind === 'mean' ? 1 : (4 * 4 * 5) / 2,
        4,
      )
    })
  },
)

test('FN-2 no gradient reaches the teacher, resized or not', () => {
  tf.tidy(() => {
    const map = tf.randomNormal([2, 4, 4, 5], 0, 1, 'float32', 1)
    for (const side of [4, 2]) {
      const source = tf.randomNormal([2, side, side, 5], 0, 1, 'float32', 2)
      const { gradients } = valueAndGradients(
        () => hintLoss(identity(5), map, source, { hintLoss: 'mean' }),
        [map, source],
      )
      expect(Math.max(...floats(gradients[0]!))).toBeGreaterThan(0)
      expect([...floats(gradients[1]!)].every((value) => value === 0)).toBe(true)
    }
  })
})

test('FN-2, FN-3 learning the hint moves the student up to the guided layer and the regressor, and nothing else', async () => {
  const session = await openMember(member({ hintSteps: 3, guided: 'stage1' }))
  const teacher = valuesOf(session.teacher!.parameters)
  await session.advance()
  const before = valuesOf(session.bank)
  const { trainedNames } = session.active
  for (let i = 0; i < 3; i++) await session.step()
  const moved = differences(before, valuesOf(session.bank))
  const isBelow = (name: string) => /^(stem|a|regressor)\./.test(name)
  expect(moved.length).toBeGreaterThan(6)
  expect(moved.filter((name) => !isBelow(name))).toEqual([])
  expect([...trainedNames].filter((name) => !isBelow(name))).toEqual([])
  expect(differences(teacher, valuesOf(session.teacher!.parameters))).toEqual([])
  await session.dispose()
})

test('the hint falls, and then the regressor rests while all else trains', async () => {
  const optimizer = { ...file.train.optimizer, rate: 0.05, headRate: 0.05 }
  const train = { ...file.train, optimizer, steps: 21 }
  const session = await openMember(member({ hintSteps: 20 }, { ...file, train }))
  const losses: number[] = []
  for (let i = 0; i < 20; i++) losses.push((await session.step())!.loss)
  expect(losses.at(-1)!).toBeLessThan(0.8 * losses[0]!)
  const before = valuesOf(session.bank)
  const { parts } = (await session.step())!
  expect(Object.keys(parts)).toEqual(['cross-entropy'])
  const still = new Set(before.keys())
  for (const name of differences(before, valuesOf(session.bank))) still.delete(name)
  expect([...still].sort()).toEqual(['regressor.bias', 'regressor.weight'])
  await session.dispose()
})

test.each([
  ['two-stage', { hintSteps: 0 }],
  ['joint', { training: 'joint', hintWeight: 0 }],
])('U2 without hints (%s) a step is plain training, bit for bit', async (_, options) => {
  for (const [start, name] of [
    ['pretrained', 'full'],
    ['random', 'scratch'],
  ] as const) {
    const ours = await afterOneStep(member({ ...options, start }))
    const plain = await afterOneStep({ strategy: strategies.get(name)!, file })
    for (const [parameter, after] of plain.after)
      expect([parameter, ours.after.get(parameter)]).toEqual([parameter, after])
  }
})

test('soft targets: cross-entropy of softened scores, its strength linear from lambda to lambdaEnd', () => {
  tf.tidy(() => {
    const own = [
      [1, -2, 0.5],
      [0, 3, 1],
    ]
    const given = [
      [2, 0, 1],
      [-1, 1, 0],
    ]
    const soft = (row: number[]) => {
      const powers = row.map((value) => Math.exp(value / 3))
      return powers.map((power) => power / powers.reduce((a, b) => a + b))
    }
    const expected = own.map((row, i) => {
      const q = soft(row)
      return -soft(given[i]!).reduce((sum, p, j) => sum + p * Math.log(q[j]!), 0)
    })
    const loss = softTargetLoss(tf.tensor2d(own), tf.tensor2d(given), 3)
    expect(floats(loss)[0]).toBeCloseTo((expected[0]! + expected[1]!) / 2, 6)
  })
  const at = [0, 1, 2, 3].map((step) => strengthAt(step, 4, { lambda: 4, lambdaEnd: 1 }))
  expect(at).toEqual([4, 3, 2, 1])
})

/** A teacher with a classifier of so many classes. */
function whole(classes: number, names?: string[]): LoadedModel {
  const { graph, values, source } = tinyModel(11)
  const head = attachHead(graph, { classes, dropout: 0, std: 0.5, random: new RandomStream(5, 'teacher') })
  return {
    graph: head.graph,
    values: new Map([...values, ...head.values]),
    source,
    ...(names && { classes: names }),
  }
}

const openWith = (
  options: Record<string, unknown>,
  teacher?: LoadedModel,
  more: Record<string, unknown> = {},
) => {
  const spec = tinySpec({ name: 'fitnets', ...options }, { ...file, ...more })
  return TrainingSession.open(spec, environment(), { ...tinyParts(spec), ...(teacher && { teacher }) })
}

test('soft targets need a teacher that tells the same classes apart', async () => {
  const options = { softTargets: true, hintSteps: 2 }
  await expect(openWith(options, whole(5))).rejects.toThrow(
    /strategy.softTargets: the teacher needs a classifier of the data's 3 classes, and that of tiny tells 5 apart/,
  )
  await expect(openWith(options, tinyModel())).rejects.toThrow(/tiny comes without one/)
  await expect(openWith(options, whole(3, ['a', 'b', 'c']))).rejects.toThrow(
    /strategy.teacher: .* tells other classes apart \(a, b, c\) than the data has \(dots, rows, columns\)/,
  )
  const session = await openWith(options, whole(3, ['dots', 'rows', 'columns']))
  for (let i = 0; i < 2; i++) await session.step()
  expect((await session.step())!.parts['soft targets']).toBeGreaterThan(0)
  await session.dispose()
})

test('a network that Thaw exported is a teacher with its classifier and the names of its classes', async () => {
  const base = mkdtempSync(join(tmpdir(), 'thaw-fitnets-'))
  const graph = backboneOf(createGraph('small_cnn'))
  const random = new RandomStream(1, 'teacher')
  const head = attachHead(graph, { classes: 3, dropout: 0, std: 0.1, random })
  const bank = createBank(new Map([...initialise(graph, random), ...head.values]))
  const write = async (classes: string[]) => {
    const files = await exportModel(head.graph, bank, 'safetensors', { classes })
    writeFileSync(join(base, 'teacher.safetensors'), files.get('model.safetensors')!)
  }
  const open = () => {
    const spec = tinySpec(
      { name: 'fitnets', teacher: 'teacher.safetensors', softTargets: true, hintSteps: 1 },
      { ...file, model: { inputSize: 32 } },
    )
    const parts = tinyParts(spec)
    return TrainingSession.open(spec, environment(undefined, { base }), parts)
  }
  await write(['dots', 'columns', 'rows'])
  await expect(open()).rejects.toThrow(/tells other classes apart/)
  await write(['dots', 'rows', 'columns'])
  const session = await open()
  expect(session.setup.teacher!.graph.nodes.at(-1)!.op).toMatchObject({ kind: 'dense', units: 3 })
  await session.dispose()
  bank.dispose()
  rmSync(base, { recursive: true })
})

test('hint and guided layer: the middle of the resolutions, or by name', () => {
  const of = (options: Parameters<typeof hintOf>[1], graph = realGraph('resnet18')) => {
    const spec = tinySpec('fitnets', { model: { inputSize: 64 } })
    return hintOf({ graph, teacher: realGraph('resnet50'), spec }, options)
  }
  const middle = of({ regressor: 'pointwise' })
  expect([middle.hint.name, middle.guided.name, middle.kernel]).toEqual(['stage2', 'stage2', [1, 1]])
  expect(of({ regressor: 'valid', guided: 'stage1', hint: 'stage2' }).kernel).toEqual([9, 9])
  expect(() => of({ regressor: 'valid', guided: 'stage3', hint: 'stage2' })).toThrow(
    /"valid" makes a map smaller, and that of "stage3" \(4x4\) is smaller than the hint "stage2" \(8x8\) already; write "pointwise"/,
  )
  expect(() => of({ regressor: 'pointwise', hint: 'stage7' })).toThrow(
    /strategy.hint: resnet50 has no stage or layer/,
  )
})

test('refuses a run without a task, a freeze list over stages, a student without values to start from', async () => {
  await expect(openMember(member({ hintSteps: 6 }))).rejects.toThrow(/none is left for the task/)
  const freeze = [{ name: 'all', train: ['*'] }]
  await expect(openMember(member({}, { ...file, freeze }))).rejects.toThrow(
    /write "joint", or leave freeze out/,
  )
  const session = await openMember(member({ training: 'joint' }, { ...file, freeze }))
  expect((await session.step())!.parts['hint']).toBeGreaterThan(0)
  await session.dispose()
})

test('tells how much of the hint is learned, by channel', async () => {
  const { sink } = await runMember(member({ hintSteps: 5 }))
  const told = sink.of('picture').filter(({ name }) => name === 'hint')
  const pictures = told.map(({ data }) => data as FitNetsPicture)
  expect(pictures.length).toBeGreaterThan(1)
  const { channels, explained, error } = pictures[0]!
  expect(error).toBeGreaterThan(0)
  expect(explained).toBeLessThanOrEqual(1)
  expect(channels[0]).toBeGreaterThanOrEqual(channels.at(-1)!)
})

test.each(realNetworks)('takes steps of both stages on %s', async (name) => {
  const { session, sink } = await openReal(
    name,
    { name: 'fitnets', hintSteps: 1 },
    { train: { optimizer: { rate: 1e-4 } } },
  )
  expect((await session.step())!.parts['hint']).toBeGreaterThan(0)
  expect((await session.step())!.parts['cross-entropy']).toBeGreaterThan(0)
  expect(sink.of('alarm').filter(({ code }) => code === 'frozen-moved')).toEqual([])
  await session.dispose()
})
