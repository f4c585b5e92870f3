import { expect } from 'vitest'
import { openBackend, tf, type Tensor } from '../../../src/engine/backend'
import { createBank, runGraph } from '../../../src/engine/network'
import type { ParameterBank } from '../../../src/engine/network/types'
import { floats } from '../../../src/engine/optim/floats'
import type { Strategy } from '../../../src/engine/strategies/types'
import { openTrained, trainRun } from '../../../src/engine/train'
import { unpackTensors } from '../../../src/engine/train/checkpoint'
import { computeObjective, disposeStatistics } from '../../../src/engine/train/objective'
import { TrainingSession } from '../../../src/engine/train/session'
import { Collected, environment, tinyModel, tinyParts, tinySpec } from '../train/fixture'

/** What the contract needs to know of a member: nothing but options that make a short run interesting. */
export interface Member {
  strategy: Strategy
  options?: Record<string, unknown>
  /** More of the run file. */
  file?: Record<string, unknown>
  /** The finished network folds layers together, so its scores are those of training only within rounding. */
  folds?: boolean
}

export const STEPS = 6

function specOf({ strategy, options, file }: Member) {
  const { train, ...rest } = file ?? {}
  return tinySpec(
    { name: strategy.meta.name, ...options },
    {
      ...rest,
      data: { transforms: {}, ...(rest.data as object) },
      model: { dropout: 0.2 },
      train: {
        steps: STEPS,
        batchSize: 6,
        optimizer: { name: 'adamw', rate: 0.003 },
        checkpoints: { every: 1, last: 100 },
        measureEvery: 1,
        ...(train as object),
      },
    },
  )
}

export async function openMember(
  member: Member,
  sink = new Collected(),
  resume?: { step: number; files: ReadonlyMap<string, Uint8Array> },
) {
  const spec = specOf(member)
  return TrainingSession.open(spec, environment(sink, { resume }), {
    ...tinyParts(spec),
    strategy: member.strategy,
  })
}

export async function runMember(
  member: Member,
  resume?: { step: number; files: ReadonlyMap<string, Uint8Array> },
) {
  const spec = specOf(member)
  const sink = new Collected()
  const outcome = await trainRun(spec, environment(sink, { resume }), {
    ...tinyParts(spec),
    strategy: member.strategy,
  })
  expect(outcome.message).toBeUndefined()
  return { sink, outcome }
}

/** Values as plain arrays, so that they outlive the session. */
export function valuesOf(bank: ParameterBank): Map<string, Float32Array> {
  return new Map(bank.names().map((name) => [name, floats(bank.get(name)).slice()]))
}

/** Names whose values are not bit-equal. */
export function differences(
  a: ReadonlyMap<string, Float32Array>,
  b: ReadonlyMap<string, Float32Array>,
): string[] {
  const bits = (values: Float32Array | undefined) =>
    values && Buffer.from(values.buffer, values.byteOffset, values.byteLength)
  return [...new Set([...a.keys(), ...b.keys()])].filter((name) => {
    const [x, y] = [bits(a.get(name)), bits(b.get(name))]
    return !x || !y || !x.equals(y)
  })
}

export async function weightsOf(files: ReadonlyMap<string, Uint8Array>): Promise<Map<string, Float32Array>> {
  const tensors = await unpackTensors(files.get('weights.safetensors')!, 'weights')
  return new Map([...tensors].map(([name, { data }]) => [name, data]))
}

/** A run taken step by step to its end; still open. */
export interface Finished {
  member: Member
  session: TrainingSession
  sink: Collected
  /** Tensors before the session was opened. */
  empty: number
  /** Pre-trained values before the first step. */
  w0: Map<string, Float32Array>
  /** What the back end held after each step. */
  memory: { phase: number; tensors: number; bytes: number }[]
}

export async function finish(member: Member): Promise<Finished> {
  await openBackend('cpu')
  const empty = tf.memory().numTensors
  const sink = new Collected()
  const session = await openMember(member, sink)
  const w0 = valuesOf(session.w0)
  const memory: Finished['memory'] = []
  await session.advance()
  while (!session.done) {
    await session.step()
    const { numTensors: tensors, numBytes: bytes } = tf.memory()
    memory.push({ phase: session.phase.index, tensors, bytes })
  }
  return { member, session, sink, empty, w0, memory }
}

/** U1: the pre-trained values are bit-identical before and after. */
export async function keepsTheSource({ session, w0 }: Finished): Promise<void> {
  expect(differences(w0, valuesOf(session.w0))).toEqual([])
  expect(await session.w0.hash()).toBe(session.w0Hash)
}

/** U3: the finished network of the last checkpoint gives the logits of the evaluation in training, bit for bit. */
export async function exportsWhatItEvaluated({ member, session, sink }: Finished): Promise<void> {
  await session.checkpoint()
  const model = await openTrained(session.spec, { base: '.' }, sink.checkpoints.at(-1)!.files, {
    model: tinyModel(),
    strategy: member.strategy,
  })
  const bank = createBank(model.values)
  for await (const batch of session.setup.images.evaluation('test', session.setup.size, 6)) {
    const pixels = tf.tensor4d(batch.images, batch.shape)
    const inTraining = evaluated(session, pixels, batch.items)
    const exported = tf.tidy(() => floats(runGraph(model.graph, pixels, { parameters: bank }).output).slice())
    pixels.dispose()
    if (member.folds) expect(distance(inTraining, exported)).toBeLessThan(1e-5)
    else expect(differences(new Map([['logits', inTraining]]), new Map([['logits', exported]]))).toEqual([])
  }
  bank.dispose()
}

/** Scores as the session's own evaluation computes them. */
function evaluated(session: TrainingSession, pixels: Tensor, items?: Int32Array): Float32Array {
  const { graph, bank, infer } = session
  return tf.tidy(() =>
    floats(infer ? infer(pixels, items) : runGraph(graph, pixels, { parameters: bank }).output).slice(),
  )
}

/** Largest difference over the largest value. */
function distance(a: Float32Array, b: Float32Array): number {
  const largest = (values: Iterable<number>) => Math.max(...[...values].map(Math.abs))
  return largest(a.map((value, i) => value - b[i]!)) / largest(a)
}

/**
 * U4: what a phase does not train gets no gradient and does not move, running statistics included; what it trains gets
 * one and moves.
 */
export async function gradientsReachOnlyWhatTrains(member: Member): Promise<void> {
  const sink = new Collected()
  const session = await openMember(member, sink)
  await session.advance()
  for (const { index, to, phase } of session.setup.phases) {
    if (phase.solve) continue
    expect(session.phase.index).toBe(index)
    const before = valuesOf(session.bank)
    const { trainedNames, mode } = session.active
    const batch = await session.setup.images.stream(session.setup.size).next()
    const { x, from } = await session.features.input(batch, false)
    const labels = tf.tensor1d(batch.labels, 'int32')
    const result = computeObjective({
      ...session,
      active: session.active,
      x,
      from,
      labels,
      dropout: undefined,
      total: session.setup.steps,
      items: batch.items,
    })
    expect([...result.gradients.keys()]).toEqual([...trainedNames])
    disposeStatistics(result.statistics)
    tf.dispose([x, labels, result.parts, result.logits, ...result.gradients.values()])
    while (session.steps < to) await session.step()
    const moved = new Set(differences(before, valuesOf(session.bank)))
    for (const info of session.graph.parameters.values()) {
      if (trainedNames.has(info.name) && phase.mayRest?.(info)) continue
      const mayMove = info.buffer ? mode(info.layer) === 'train' : trainedNames.has(info.name)
      expect([info.name, moved.has(info.name)]).toEqual([info.name, mayMove])
    }
    await session.advance()
  }
  expect(sink.of('alarm')).toEqual([])
  await session.dispose()
}

/** U5: going on from any checkpoint gives the weights of the run never interrupted, bit for bit. */
export async function resumesBitEqual(member: Member, at: (checkpoints: number) => number[]): Promise<void> {
  const { sink } = await runMember(member)
  const final = await weightsOf(sink.checkpoints.at(-1)!.files)
  const losses = sink.of('step').map(({ step, loss }) => [step, loss])
  const saved = sink.checkpoints.slice(0, -1)
  for (const i of at(saved.length)) {
    const { step, files } = saved[i]!
    const again = await runMember(member, { step, files })
    expect(differences(final, await weightsOf(again.sink.checkpoints.at(-1)!.files))).toEqual([])
    expect(again.sink.of('step').map(({ step: s, loss }) => [s, loss])).toEqual(losses.slice(step))
    expect(again.sink.of('run-started')[0]).toMatchObject({ from: step, bitEqual: true })
  }
}

/** U6: permuting the images permutes the scores. */
export async function scoresImagesAlone({ session }: Finished): Promise<void> {
  const classes = session.setup.images.dataset.classes.length
  for await (const { images, shape } of session.setup.images.evaluation('test', session.setup.size, 12)) {
    const pixels = tf.tensor4d(images, shape)
    const mirrored = tf.reverse(pixels, 0)
    const forth = evaluated(session, pixels)
    const back = evaluated(session, mirrored)
    tf.dispose([pixels, mirrored])
    const rows = (values: Float32Array) =>
      Array.from({ length: shape[0] }, (_, i) => [...values.slice(i * classes, (i + 1) * classes)])
    expect(rows(back).reverse()).toEqual(rows(forth))
  }
}

/** Tensors and their bytes are the same after every step of a phase, and nothing is left after the session. */
export async function keepsMemoryFlat({ session, memory, empty }: Finished): Promise<void> {
  for (const [i, now] of memory.entries())
    if (memory[i - 1]?.phase === now.phase) expect(now).toEqual(memory[i - 1])
  const before = tf.memory().numTensors
  await session.evaluate('test')
  expect(tf.memory().numTensors).toBe(before)
  await session.dispose()
  expect(tf.memory().numTensors).toBe(empty)
}

/** Parameters and buffers after one step from weights that are `shifted` from the pre-trained ones. */
export async function afterOneStep(
  member: Member,
  shift = 0,
): Promise<{
  before: Map<string, Float32Array>
  after: Map<string, Float32Array>
  w0: Map<string, Float32Array>
  session: TrainingSession
}> {
  const session = await openMember(member)
  await session.advance()
  if (shift !== 0)
    for (const info of session.graph.parameters.values())
      if (!info.buffer) {
        const moved = floats(session.bank.get(info.name)).map((v, i) => v + shift * Math.sin(i + 1))
        session.bank.set(info.name, tf.tensor(moved, [...info.shape]))
      }
  const before = valuesOf(session.bank)
  await session.step()
  const after = valuesOf(session.bank)
  const w0 = valuesOf(session.w0)
  await session.dispose()
  return { before, after, w0, session }
}
