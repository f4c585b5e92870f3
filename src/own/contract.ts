import assert from 'node:assert/strict'
import { tf } from '../engine/backend'
import { createBank, runGraph } from '../engine/network'
import { floats } from '../engine/optim/floats'
import { openTrained } from '../engine/train'
import { computeObjective, disposeStatistics } from '../engine/train/objective'
import { tinyModel, Collected } from './tiny'
import {
  differences,
  distance,
  evaluated,
  openMember,
  runMember,
  valuesOf,
  weightsOf,
  type Finished,
  type Member,
} from './trial'

/** A list that must be empty. */
function none(names: readonly string[], what: string): void {
  assert.deepEqual(names, [], `${what}: ${names.join(', ')}`)
}

/** U1: the pre-trained values are bit-identical before and after. */
export async function keepsTheSource({ session, w0 }: Finished): Promise<void> {
  none(differences(w0, valuesOf(session.w0)), 'pre-trained values have changed')
  assert.equal(await session.w0.hash(), session.w0Hash)
}

/** U3: the finished network of the last checkpoint gives the logits of the evaluation in training, bit for bit. */
export async function exportsWhatItEvaluated({ member, session, sink }: Finished): Promise<void> {
  await session.checkpoint()
  const model = await openTrained(session.spec, { base: '.' }, sink.checkpoints.at(-1)!.files, {
    model: member.parts?.(session.spec).model ?? tinyModel(),
    strategy: member.strategy,
  })
  const bank = createBank(model.values)
  for await (const batch of session.setup.images.evaluation('test', session.setup.size, 6)) {
    const pixels = tf.tensor4d(batch.images, batch.shape)
    const inTraining = evaluated(session, pixels, batch.items)
    const exported = tf.tidy(() => floats(runGraph(model.graph, pixels, { parameters: bank }).output).slice())
    pixels.dispose()
    if (member.folds)
      assert.ok(distance(inTraining, exported) < 1e-5, 'the finished network has other scores than training')
    else
      none(
        differences(new Map([['scores', inTraining]]), new Map([['scores', exported]])),
        'the finished network has other values than training in its',
      )
  }
  bank.dispose()
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
    assert.equal(session.phase.index, index)
    const before = valuesOf(session.bank)
    const { trainedNames, movingNames, mode } = session.active
    const batch = await session.setup.images.stream(session.setup.size).next()
    const { x, from } = await session.features.input(batch, false)
    const labels = tf.tensor1d(batch.labels, 'int32')
    const { teacherHooks: wanted = [] } = phase
    const teacherHooks =
      wanted.length > 0 ? await session.teacherFeatures?.outputs(batch, wanted, false) : undefined
    const result = computeObjective({
      ...session,
      active: session.active,
      teacherHooks,
      constants: session.runtime?.constants,
      x,
      from,
      labels,
      dropout: undefined,
      total: session.setup.steps,
      items: batch.items,
    })
    assert.deepEqual([...result.gradients.keys()], [...trainedNames], 'what gets a gradient')
    disposeStatistics(result.statistics)
    tf.dispose([x, labels, result.parts, result.logits, ...result.gradients.values()])
    tf.dispose([...(teacherHooks?.values() ?? [])])
    while (session.steps < to) await session.step()
    const moved = new Set(differences(before, valuesOf(session.bank)))
    for (const info of session.graph.parameters.values()) {
      if (movingNames.has(info.name) && phase.mayRest?.(info)) continue
      const mayMove = info.buffer ? mode(info.layer) === 'train' : movingNames.has(info.name)
      assert.equal(
        moved.has(info.name),
        mayMove,
        `${info.name} ${mayMove ? 'trains and does not move' : 'is frozen and moves'} in phase "${phase.name}"`,
      )
    }
    await session.advance()
  }
  assert.deepEqual(sink.of('alarm'), [])
  await session.dispose()
}

/**
 * U5: going on from any checkpoint gives the weights of the run never interrupted, bit for bit.
 * @param at positions of the checkpoints to go on from; told how many there are, the last left out, and how many phases
 */
export async function resumesBitEqual(
  member: Member,
  at: (checkpoints: number, phases: number) => number[],
): Promise<void> {
  const { sink } = await runMember(member)
  const final = await weightsOf(sink.checkpoints.at(-1)!.files)
  const losses = sink.of('step').map(({ step, loss }) => [step, loss])
  const saved = sink.checkpoints.slice(0, -1)
  for (const i of at(saved.length, sink.of('phase').length)) {
    const { step, files } = saved[i]!
    const again = await runMember(member, { step, files })
    none(
      differences(final, await weightsOf(again.sink.checkpoints.at(-1)!.files)),
      `after going on from step ${step}, values differ`,
    )
    assert.deepEqual(
      again.sink.of('step').map(({ step: s, loss }) => [s, loss]),
      losses.slice(step),
    )
    const { from, bitEqual } = again.sink.of('run-started')[0]!
    assert.deepEqual({ from, bitEqual }, { from: step, bitEqual: true })
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
    assert.deepEqual(
      rows(back).reverse(),
      rows(forth),
      'scores of an image depend on the others of its batch',
    )
  }
}

/** Tensors and their bytes are the same after every step of a phase, and nothing is left after the session. */
export async function keepsMemoryFlat({ session, memory, empty }: Finished): Promise<void> {
  for (const [i, now] of memory.entries())
    if (memory[i - 1]?.phase === now.phase)
      assert.deepEqual(now, memory[i - 1], `memory after step ${i + 1} is not that of the step before`)
  const before = tf.memory().numTensors
  await session.evaluate('test')
  assert.equal(tf.memory().numTensors, before, 'an evaluation leaves tensors behind')
  await session.dispose()
  assert.equal(tf.memory().numTensors, empty, 'the session leaves tensors behind')
}
