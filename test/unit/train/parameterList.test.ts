import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { z } from 'zod'
import { ops, tf } from '../../../src/engine/backend'
import { readSafetensors, writeSafetensors } from '../../../src/engine/formats'
import { floats } from '../../../src/engine/optim/floats'
import type { DrawDeclaration, Strategy } from '../../../src/engine/strategies/types'
import { drawsOf, exportAll, readParameterList, TrainingSession } from '../../../src/engine/train'
import { Collected, environment, tinyParts, tinySpec } from './fixture'

const base = mkdtempSync(join(tmpdir(), 'thaw-parameters-'))
afterAll(() => rmSync(base, { recursive: true }))

const jitter: DrawDeclaration = { name: 'jitter', shape: [3], kind: 'gumbel' }

/** Adds a kernel of its own to the scores' loss, with noise each step, and keeps a tensor beside the weights. */
const noisy: Strategy<Record<string, never>> = {
  meta: {
    name: 'noisy',
    title: 'Noisy',
    type: 'routing',
    summary: 'For tests.',
    source: 'none',
    cost: 'none',
    options: z.strictObject({}),
  },
  parameters: (_context, _options, random) => [
    {
      info: {
        name: 'gate.weight',
        layer: 'gate',
        role: 'kernel',
        buffer: false,
        shape: [3, 2],
        origin: '[out,in]',
        pretrained: false,
        owned: { stage: 'gates', kind: 'dense', group: 'gates' },
      },
      initial: Float32Array.from({ length: 6 }, () => random('gate.weight').normal()),
    },
  ],
  optimizers: (_options, spec) => new Map([['gates', { ...spec.train.optimizer, name: 'sgd', rate: 0.1 }]]),
  draws: () => [jitter],
  plan: ({ steps }) => [
    {
      name: 'gates alone',
      steps: 2,
      trains: ({ owned }) => owned !== undefined,
      batchNorm: () => 'frozen',
      forward,
    },
    { name: 'all', steps: steps - 2, trains: () => true, batchNorm: () => 'train', forward },
  ],
  create: () => ({
    save: () => ({ state: 1, tensors: new Map([['seen', { shape: [2], data: Float32Array.of(1, 2) }]]) }),
  }),
}

const forward: NonNullable<ReturnType<Strategy['plan']>[0]['forward']> = (context) => {
  const { output: logits } = context.run()
  const gate = context.parameters.get('gate.weight')
  const shifted = tf.add(logits, context.draw(jitter))
  return {
    logits,
    losses: [
      {
        name: 'cross-entropy',
        value: tf.mean(ops.square(tf.matMul(shifted as never, gate as never))),
      },
    ],
  }
}

const open = (train: Record<string, unknown> = {}, sink = new Collected()) => {
  const spec = tinySpec('noisy', { train: { steps: 4, ...train } })
  return TrainingSession.open(spec, environment(sink, { base }), { ...tinyParts(spec), strategy: noisy })
}

async function run(train: Record<string, unknown> = {}) {
  const sink = new Collected()
  const session = await open(train, sink)
  while (!session.done) await session.step()
  await session.checkpoint()
  const hex = Object.fromEntries(
    session.bank
      .names()
      .map((name) => [name, Buffer.from(floats(session.bank.get(name)).slice().buffer).toString('hex')]),
  )
  await session.dispose()
  return { files: sink.checkpoints.at(-1)!.files, hex }
}

test('a checkpoint says what each parameter is, who owns it and which phases change it', async () => {
  const list = readParameterList((await run()).files)
  const of = (name: string) => list.find((parameter) => parameter.name === name)
  expect(of('gate.weight')).toEqual({
    name: 'gate.weight',
    shape: [2, 3],
    ownShape: [3, 2],
    layout: '[out,in]',
    layer: 'gate',
    role: 'kernel',
    buffer: false,
    pretrained: false,
    owned: 'gates',
    group: 'gates',
    phases: ['gates alone', 'all'],
  })
  expect(of('stem.conv.weight')).toMatchObject({ shape: [4, 3, 3, 3], layout: 'OIHW', phases: ['all'] })
  expect(of('stem.bn.running_mean')).toMatchObject({ buffer: true, phases: ['all'] })
})

test('a checkpoint of an older Thaw is refused in a sentence', () => {
  expect(() => readParameterList(new Map())).toThrow('an older Thaw wrote it')
})

test('all that a checkpoint holds is written in the layouts of origin, the strategy’s own among it', async () => {
  const { files } = await run()
  const { tensors } = await readSafetensors(await exportAll(files))
  expect(tensors.get('gate.weight')!.shape).toEqual([2, 3])
  expect(tensors.get('head.weight')!.shape).toEqual([3, 8])
  expect(tensors.get('b.dw.conv.weight')!.shape).toEqual([6, 1, 3, 3])
  expect([...tensors.get('strategy/seen')!.data]).toEqual([1, 2])
  const { tensors: own } = await readSafetensors(files.get('weights.safetensors')!)
  const [ours, theirs] = [own.get('gate.weight')!.data, tensors.get('gate.weight')!.data]
  for (let i = 0; i < 3; i++) for (let o = 0; o < 2; o++) expect(theirs[o * 3 + i]).toBe(ours[i * 2 + o])
})

test('train.initialize sets a strategy’s own parameter by its name and layout', async () => {
  const data = Float32Array.from({ length: 6 }, (_, i) => i)
  writeFileSync(
    join(base, 'gate.safetensors'),
    writeSafetensors(new Map([['gate.weight', { shape: [2, 3], data }]])),
  )
  const session = await open({ initialize: 'gate.safetensors' })
  expect([...floats(session.bank.get('gate.weight'))]).toEqual([0, 3, 1, 4, 2, 5])
  await session.dispose()
})

test('the draws hold the strategy’s noise: with them another seed gives the same weights', async () => {
  const spec = tinySpec('noisy', { train: { steps: 4 } })
  const { initialize, inputs, seeded } = await drawsOf(
    spec,
    { base },
    { parts: { ...tinyParts(spec), strategy: noisy } },
  )
  expect(seeded).toEqual([])
  expect((await readSafetensors(inputs)).tensors.get('jitter')!.shape).toEqual([4, 3])
  writeFileSync(join(base, 'initialize.safetensors'), initialize)
  writeFileSync(join(base, 'inputs.safetensors'), inputs)
  const { hex } = await run()
  const drawn = { initialize: 'initialize.safetensors', inputs: 'inputs.safetensors' }
  expect((await run({ seed: 9, ...drawn })).hex).toEqual(hex)
  expect((await run({ seed: 9 })).hex).not.toEqual(hex)
})
