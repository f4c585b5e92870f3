import assert from 'node:assert/strict'
import { openBackend, tf, type Tensor } from '../engine/backend'
import { runGraph } from '../engine/network'
import type { ParameterBank } from '../engine/network/types'
import { floats } from '../engine/optim/floats'
import type { Strategy } from '../engine/strategies/types'
import { trainRun } from '../engine/train'
import type { ImageSource } from '../engine/train/images'
import type { Parts } from '../engine/train/setup'
import type { ResolvedSpec } from '../spec/schema'
import { unpackTensors } from '../engine/train/checkpoint'
import { TrainingSession } from '../engine/train/session'
import { Collected, environment, tinyParts, tinySpec } from './tiny'

/** What the contract needs to know of a member: nothing but options that make a short run interesting. */
export interface Member {
  strategy: Strategy
  options?: Record<string, unknown>
  /** More of the run file. */
  file?: Record<string, unknown>
  /** The finished network folds layers together, so its scores are those of training only within rounding. */
  folds?: boolean
  /** Another network and other images than the tiny ones. */
  parts?: (spec: ResolvedSpec) => Parts & { images: ImageSource }
}

const partsOf = ({ parts = tinyParts, strategy }: Member, spec: ResolvedSpec) => ({
  ...parts(spec),
  strategy,
})

export const STEPS = 6

function specOf({ strategy, options, file }: Member) {
  const { train, ...rest } = file ?? {}
  return tinySpec(
    { name: strategy.meta.name, ...options },
    {
      ...rest,
      data: { transforms: {}, ...(rest.data as object) },
      model: { dropout: 0.2, ...(rest.model as object) },
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
  return TrainingSession.open(spec, environment(sink, { resume }), partsOf(member, spec))
}

export async function runMember(
  member: Member,
  resume?: { step: number; files: ReadonlyMap<string, Uint8Array> },
) {
  const spec = specOf(member)
  const sink = new Collected()
  const outcome = await trainRun(spec, environment(sink, { resume }), partsOf(member, spec))
  assert.equal(outcome.message, undefined)
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

/** Scores as the session's own evaluation computes them. */
export function evaluated(session: TrainingSession, pixels: Tensor, items?: Int32Array): Float32Array {
  const { graph, bank, infer } = session
  return tf.tidy(() =>
    floats(infer ? infer(pixels, items) : runGraph(graph, pixels, { parameters: bank }).output).slice(),
  )
}

/** Largest difference over the largest value. */
export function distance(a: Float32Array, b: Float32Array): number {
  const largest = (values: Iterable<number>) => Math.max(...[...values].map(Math.abs))
  return largest(a.map((value, i) => value - b[i]!)) / largest(a)
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
