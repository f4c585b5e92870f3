import { expect, test } from 'vitest'
import { tf } from '../../../src/engine/backend'
import { floats } from '../../../src/engine/optim/floats'
import { TrainingSession, trainRun } from '../../../src/engine/train'
import { NotFiniteError } from '../../../src/engine/train/failure'
import { UserError } from '../../../src/spec/types'
import { differences, valuesOf, weightsOf } from '../strategies/contract'
import { Collected, environment, tinyParts, tinySpec } from './fixture'

async function open(train: Record<string, unknown> = {}) {
  const spec = tinySpec('full', { model: { dropout: 0.2 }, train })
  return TrainingSession.open(spec, environment(), tinyParts(spec))
}

/** Makes a layer's output overflow: its own kernel is finite, what it computes is not. */
function blowUp(session: TrainingSession, name: string): void {
  const tensor = session.bank.get(name)
  session.bank.set(
    name,
    tf.tensor(
      floats(tensor).map((v) => v * 1e38),
      tensor.shape,
    ),
  )
}

test('numbers that are not finite stop the step, name the layer, and change nothing', async () => {
  const session = await open()
  await session.step()
  blowUp(session, 'b.pw.conv.weight')
  blowUp(session, 'b.dw.bn.weight')
  const before = {
    weights: valuesOf(session.bank),
    stream: session.stream.state(),
    dropout: session.dropout.state(),
  }
  const tensors = tf.memory().numTensors
  const error = await session.step().then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(NotFiniteError)
  expect((error as NotFiniteError).origin).toEqual({ layer: 'b.pw.conv', what: 'output' })
  expect((error as NotFiniteError).message).toMatch(/step 2 .*layer b\.pw\.conv/)
  expect(differences(before.weights, valuesOf(session.bank))).toEqual([])
  expect(session.stream.state()).toEqual(before.stream)
  expect(session.dropout.state()).toEqual(before.dropout)
  expect(tf.memory().numTensors).toBe(tensors)
  await session.dispose()
})

test('weights that are no numbers are named as such', async () => {
  const session = await open()
  const name = 'a.bn.weight'
  session.bank.set(name, tf.tensor1d(floats(session.bank.get(name)).map(() => NaN)))
  await expect(session.step()).rejects.toMatchObject({ origin: { layer: 'a.bn', what: 'weights' } })
  await session.dispose()
})

test('a run that diverges ends as failed with the last good weights kept', async () => {
  const spec = tinySpec('full', {
    train: {
      steps: 60,
      optimizer: { name: 'sgd', rate: 100, headRate: 100, momentum: 0 },
      schedule: { name: 'constant', warmup: 0 },
    },
  })
  const sink = new Collected()
  const outcome = await trainRun(spec, environment(sink), tinyParts(spec))
  expect(outcome).toMatchObject({ state: 'failed', exitCode: 1 })
  expect(outcome.message).toMatch(/not finite.*lower train\.optimizer\.rate/s)
  expect(sink.of('alarm').find(({ code }) => code === 'not-finite')?.layer).toBeTruthy()
  const kept = sink.checkpoints.at(-1)!
  expect(kept.step).toBe(outcome.step)
  for (const values of (await weightsOf(kept.files)).values())
    expect(values.every(Number.isFinite)).toBe(true)
  expect(sink.events.at(-1)).toMatchObject({ kind: 'run-ended', state: 'failed' })
})

test('a full disk on the way is an alarm, and the run goes on; at the end it fails the run', async () => {
  const spec = tinySpec('full', { train: { steps: 4, checkpoints: { every: 2 } } })
  const sink = new Collected()
  sink.saveCheckpoint = () => Promise.reject(new UserError('the disk is full; make room and resume', 3))
  const outcome = await trainRun(spec, environment(sink), tinyParts(spec))
  expect(sink.of('alarm').map(({ step, code }) => [step, code])).toEqual([[2, 'checkpoint-failed']])
  expect(sink.of('step')).toHaveLength(4)
  expect(outcome).toMatchObject({
    state: 'failed',
    exitCode: 3,
    message: 'the disk is full; make room and resume',
  })
})

test('a writer that has lost the run stops at once and tells nothing more', async () => {
  const spec = tinySpec('full')
  const sink = new Collected()
  const lost = new Error('superseded by attempt 2')
  const env = environment(
    Object.assign(sink, {
      assertCurrent: () => {
        if (sink.of('step').length === 2) throw lost
      },
    }),
  )
  await expect(trainRun(spec, env, tinyParts(spec))).rejects.toBe(lost)
  expect(sink.of('step')).toHaveLength(2)
  expect(sink.of('run-ended')).toEqual([])
})

test('what the run file asks and cannot have is said before the first step', async () => {
  const failing = async (
    file: Record<string, unknown>,
    counts?: { train: number; val: number; test: number },
  ) => {
    const spec = tinySpec('full', file)
    const outcome = await trainRun(spec, environment(), tinyParts(spec, counts))
    return [outcome.exitCode, outcome.message]
  }
  const noVal = { train: 4, val: 0, test: 2 }
  expect(await failing({ train: { keep: 'best' } }, noVal)).toEqual([
    2,
    expect.stringMatching(/^train\.keep: .*data\.split\.val/),
  ])
  expect(await failing({ freeze: [{ train: ['stage9'] }] })).toEqual([
    2,
    expect.stringMatching(/'stage9' matches no layer.*stage/),
  ])
  expect(await failing({ backend: 'native' })).toEqual([3, expect.stringMatching(/native/)])
})

test('a checkpoint of another network or other classes is refused', async () => {
  const spec = tinySpec('full', { train: { checkpoints: { every: 2 } } })
  const sink = new Collected()
  await trainRun(spec, environment(sink), tinyParts(spec))
  const { step, files } = sink.checkpoints[0]!
  const tampered = (change: (state: Record<string, unknown>) => void) => {
    const state = JSON.parse(new TextDecoder().decode(files.get('state.json'))) as Record<string, unknown>
    change(state)
    return new Map([...files, ['state.json', new TextEncoder().encode(JSON.stringify(state))] as const])
  }
  const resume = (changed: ReadonlyMap<string, Uint8Array>) =>
    trainRun(spec, environment(new Collected(), { resume: { step, files: changed } }), tinyParts(spec))
  expect((await resume(tampered((state) => (state.w0 = 'x')))).message).toMatch(
    /pre-trained weights are not those/,
  )
  expect((await resume(tampered((state) => (state.classes = ['a', 'b'])))).message).toMatch(/other classes/)
  expect(
    (await resume(new Map([...files].filter(([name]) => name !== 'weights.safetensors')))).message,
  ).toMatch(/lacks weights\.safetensors/)
})
