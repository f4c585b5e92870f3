import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { toOrigin, writeSafetensors, type TensorToWrite } from '../../../src/engine/formats'
import { floats } from '../../../src/engine/optim/floats'
import { drawsOf, TrainingSession } from '../../../src/engine/train'
import { problemsOf } from '../../../src/engine/train/problems'
import type { ImageBatch } from '../../../src/engine/data/types'
import type { ResolvedSpec } from '../../../src/spec/schema'
import { Collected, environment, tinyParts, tinySpec } from './fixture'

const base = mkdtempSync(join(tmpdir(), 'thaw-outside-'))
afterAll(() => rmSync(base, { recursive: true }))

const write = (name: string, tensors: Record<string, TensorToWrite>) =>
  writeFileSync(join(base, name), writeSafetensors(new Map(Object.entries(tensors))))

const open = (spec: ResolvedSpec, parts = tinyParts(spec)) =>
  TrainingSession.open(spec, environment(new Collected(), { base }), parts)

/** The sentence that preflight and the command line show, as `path: what is wrong; what to write`. */
async function problemOf(spec: ResolvedSpec): Promise<string> {
  const error: unknown = await open(spec).then(
    () => undefined,
    (failure: unknown) => failure,
  )
  const [problem] = problemsOf(error, '')
  return `${problem!.path}: ${problem!.message}; ${problem!.hint ?? ''}`
}

/** All weights after the last step of a run, as bytes. */
async function finalWeights(spec: ResolvedSpec): Promise<Record<string, string>> {
  const session = await open(spec)
  while (!session.done) await session.step()
  const values = session.bank
    .names()
    .map((name) => [name, Buffer.from(floats(session.bank.get(name)).slice().buffer).toString('hex')])
  await session.dispose()
  return Object.fromEntries(values) as Record<string, string>
}

describe('train.inputs', () => {
  test('a run takes exactly the images of batch_order, and again from the start', async () => {
    const order = [3, 3, 0, 23, 7, 11, 12, 5]
    write('order.safetensors', { batch_order: { shape: [2, 4], data: Int32Array.from(order) } })
    const spec = tinySpec('full', { train: { steps: 5, batchSize: 4, inputs: 'order.safetensors' } })
    const parts = tinyParts(spec)
    const taken: number[] = []
    const stream = parts.images.stream
    parts.images.stream = (size, given) => {
      const inner = stream(size, given)
      const next = async (): Promise<ImageBatch> => {
        const batch = await inner.next()
        taken.push(...batch.items)
        return batch
      }
      return { ...inner, next }
    }
    const session = await open(spec, parts)
    while (!session.done) await session.step()
    // train images come first among the items, so that position and item are one number
    expect(taken).toEqual([...order, ...order, ...order].slice(0, 20))
    await session.dispose()
  })

  test('the order decides the weights: another seed that orders the images otherwise changes nothing', async () => {
    write('order.safetensors', { batch_order: { shape: [6], data: Int32Array.from([3, 8, 0, 23, 7, 11]) } })
    const file = (seed: number, shuffle: boolean) =>
      tinySpec('full', {
        data: { transforms: 'none', shuffle },
        train: { seed, inputs: 'order.safetensors' },
      })
    const head = { shape: [3, 8], data: Float32Array.from({ length: 24 }, (_, i) => Math.sin(i) / 10) }
    write('head.safetensors', { 'head.weight': head })
    const started = (spec: ResolvedSpec) => ({
      ...spec,
      train: { ...spec.train, initialize: 'head.safetensors' },
    })
    const weights = await finalWeights(started(file(1, true)))
    expect(await finalWeights(started(file(2, false)))).toEqual(weights)
    write('order.safetensors', { batch_order: { shape: [6], data: Int32Array.from([3, 8, 0, 23, 7, 12]) } })
    expect(await finalWeights(started(file(1, true)))).not.toEqual(weights)
  })

  test.each([
    [
      'an image that is not there',
      { batch_order: { shape: [2], data: Int32Array.from([0, 24]) } },
      'train.inputs: the batch order names image 24, and there are 24 training images (0 to 23)',
    ],
    [
      'half an image',
      { batch_order: { shape: [2], data: Float32Array.from([0, 1.5]) } },
      'the batch order names image 1.5',
    ],
    [
      'an order of nothing',
      { batch_order: { shape: [0], data: new Int32Array(0) } },
      'train.inputs: the batch order is empty',
    ],
    [
      'another name',
      { batchOrder: { shape: [1], data: Int32Array.of(0) } },
      'train.inputs: there is no input "batchOrder"; odd.safetensors may hold batch_order',
    ],
  ])('%s is refused in a sentence', async (_, tensors, sentence) => {
    write('odd.safetensors', tensors as unknown as Record<string, TensorToWrite>)
    expect(await problemOf(tinySpec('full', { train: { inputs: 'odd.safetensors' } }))).toContain(sentence)
  })
})

describe('train.initialize', () => {
  test('sets every parameter and buffer it names, in the layout of origin, and nothing else', async () => {
    const plain = await open(tinySpec('full'))
    const names = [
      'stem.conv.weight',
      'b.dw.conv.weight',
      'a.bn.running_mean',
      'a.bn.running_var',
      'c.bn.bias',
      'head.weight',
    ]
    const tensors: Record<string, TensorToWrite> = {
      'a.bn.num_batches_tracked': { shape: [], data: BigInt64Array.of(9n) },
    }
    const wanted = new Map<string, number[]>()
    for (const [i, name] of names.entries()) {
      const info = plain.graph.parameters.get(name)!
      const size = info.shape.reduce((a, b) => a * b, 1)
      const data = Float32Array.from({ length: size }, (_, j) => 1 + Math.fround((j + 1) / 97) + i)
      wanted.set(name, [...data])
      tensors[name] = toOrigin(info, data)
    }
    expect(tensors['head.weight']!.shape).toEqual([3, 8])
    write('start.safetensors', tensors)
    const session = await open(tinySpec('full', { train: { initialize: 'start.safetensors' } }))
    for (const name of session.bank.names())
      expect([name, [...floats(session.bank.get(name))]]).toEqual([
        name,
        wanted.get(name) ?? [...floats(plain.bank.get(name))],
      ])
    // the distance still counts from the pre-trained values; the head, which has none, from where it starts
    expect([...floats(session.w0.get('a.bn.running_mean'))]).toEqual([
      ...floats(plain.w0.get('a.bn.running_mean')),
    ])
    expect([...floats(session.w0.get('head.weight'))]).toEqual(wanted.get('head.weight'))
    await session.dispose()
    await plain.dispose()
  })

  test.each([
    [
      'another name',
      { 'stem.conv.wieght': { shape: [1], data: new Float32Array(1) } },
      `train.initialize: the network has no parameter or buffer "stem.conv.wieght"; did you mean 'stem.conv.weight'?`,
    ],
    [
      'a kernel in the layout of TensorFlow',
      { 'stem.conv.weight': { shape: [3, 3, 3, 4], data: new Float32Array(108) } },
      'train.initialize: "stem.conv.weight" has shape [3, 3, 3, 4], the network needs [4, 3, 3, 3]; write it as `thaw export` does',
    ],
  ])('%s is refused in a sentence', async (_, tensors, sentence) => {
    write('odd.safetensors', tensors as unknown as Record<string, TensorToWrite>)
    expect(await problemOf(tinySpec('full', { train: { initialize: 'odd.safetensors' } }))).toBe(sentence)
  })

  test.each(['initialize', 'inputs'])(
    'a file that cannot be read is told by its field: %s',
    async (field) => {
      const told = (name: string) => problemOf(tinySpec('full', { train: { [field]: name } }))
      expect(await told('none.safetensors')).toMatch(
        new RegExp(`^train.${field}: there is no file none.safetensors`),
      )
      writeFileSync(join(base, 'short.safetensors'), 'abc')
      expect(await told('short.safetensors')).toMatch(new RegExp(`^train.${field}: short.safetensors`))
    },
  )
})

describe('draws of a run', () => {
  test.each([
    ['full', {}],
    ['with accumulation', { train: { optimizer: { accumulate: 2 }, batchSize: 5 } }],
    ['from scratch', { strategy: 'scratch' }],
    ['from a probe', { strategy: 'lp-ft' }],
    ['with an order of its own', { train: { inputs: 'own.safetensors' } }],
  ])('give the same weights from another seed, bit for bit: %s', async (_, options) => {
    const { strategy = 'full', train = {} } = options as { strategy?: string; train?: object }
    write('own.safetensors', { batch_order: { shape: [7], data: Int32Array.from([3, 8, 0, 23, 7, 11, 2]) } })
    const spec = tinySpec(strategy, { train: { ...train, seed: 5 } })
    const { initialize, inputs, seeded } = await drawsOf(spec, { base }, { parts: tinyParts(spec) })
    expect(seeded).toEqual([])
    writeFileSync(join(base, 'initialize.safetensors'), initialize)
    writeFileSync(join(base, 'inputs.safetensors'), inputs)
    const files = { initialize: 'initialize.safetensors', inputs: 'inputs.safetensors' }
    const again = { ...spec, train: { ...spec.train, ...files, seed: 6 } }
    expect(await finalWeights(again)).toEqual(await finalWeights(spec))
    expect(await finalWeights({ ...spec, train: { ...spec.train, seed: 6 } })).not.toEqual(
      await finalWeights(spec),
    )
  })

  test('with augmented views, fresh transforms and dropout give them from the seed of the run', async () => {
    for (const data of [{ views: 3, transforms: {} }, { transforms: {} }]) {
      const spec = tinySpec('full', { data, model: { dropout: 0.3 }, train: { steps: 10, seed: 5 } })
      const { initialize, inputs, seeded } = await drawsOf(spec, { base }, { parts: tinyParts(spec) })
      expect(seeded).toEqual(['transforms', 'dropout'])
      writeFileSync(join(base, 'initialize.safetensors'), initialize)
      writeFileSync(join(base, 'inputs.safetensors'), inputs)
      const files = { initialize: 'initialize.safetensors', inputs: 'inputs.safetensors' }
      const again = { ...spec, train: { ...spec.train, ...files } }
      expect(await finalWeights(again)).toEqual(await finalWeights(spec))
    }
  })

  test('are refused when the model file has changed since', async () => {
    const spec = tinySpec('full')
    await expect(drawsOf(spec, { base }, { parts: tinyParts(spec), hash: 'other' })).rejects.toThrow(
      'the pre-trained weights are not those the run began with',
    )
  })
})
