import { UserError } from '../../spec/types'
import { tf } from '../backend'
import { writeSafetensors } from '../formats'
import { createBank } from '../network'
import { floats } from '../optim/floats'
import {
  CHECKPOINT_FILES,
  fileOf,
  packBank,
  packTensors,
  readState,
  toTensors,
  unpackTensors,
  type SessionState,
} from './checkpoint'
import { listParameters } from './parameterList'
import type { TrainingSession } from './session'

/** Everything that decides how the run goes on, as the files of a checkpoint. */
export function saveSession(session: TrainingSession): Map<string, Uint8Array> {
  const { bank, w0, origin, start, optimizer, bestValues } = session
  const files = new Map<string, Uint8Array>()
  files.set(CHECKPOINT_FILES.weights, packBank(bank, bank.names()))
  files.set(CHECKPOINT_FILES.optimizer, packTensors(optimizer.slots()))
  if (start !== w0) {
    const changed = start
      .names()
      .filter((name) => !sameValues(floats(start.get(name)), floats(origin.get(name))))
    files.set(CHECKPOINT_FILES.phase, packBank(start, changed))
  }
  if (bestValues) files.set(CHECKPOINT_FILES.best, packBank(bestValues, bestValues.names()))
  const own = session.runtime?.save?.()
  if (own?.tensors) files.set(CHECKPOINT_FILES.strategy, writeSafetensors(new Map(own.tensors)))
  files.set(CHECKPOINT_FILES.parameters, new TextEncoder().encode(JSON.stringify(listParameters(session))))
  files.set(
    CHECKPOINT_FILES.state,
    new TextEncoder().encode(JSON.stringify(stateOf(session, own?.state), null, 1)),
  )
  return files
}

function sameValues(a: Float32Array, b: Float32Array): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

function stateOf(session: TrainingSession, strategy: unknown): SessionState {
  const {
    steps,
    phase,
    solved,
    rateFactor,
    overrides,
    actionsDone,
    stream,
    dropout,
    noise,
    pace,
    best,
    setup,
    moving,
  } = session
  const { name, version, threads } = setup.backend
  return {
    version: 2,
    step: steps,
    phase: phase.index,
    solved,
    rateFactor,
    overrides: [...overrides],
    actions: actionsDone,
    streams: { batches: stream.state(), dropout: dropout.state(), noise: noise.state() },
    pace: pace.toJSON(),
    lossScale: session.lossScale.toJSON(),
    best,
    classes: [...setup.images.dataset.classes],
    w0: session.w0Hash,
    backend: { name, version, threads },
    moving,
    entered: session.entered,
    left: session.left,
    enough: session.enough,
    ...(strategy !== undefined && { strategy }),
    ended: session.ended,
  }
}

/**
 * Puts a session that has just been opened where a checkpoint was taken.
 * @throws UserError when the checkpoint is of another network or other classes
 */
export async function restoreSession(
  session: TrainingSession,
  files: ReadonlyMap<string, Uint8Array>,
): Promise<void> {
  const state = readState(files)
  checkOrigin(session, state)
  // before the values: it may change what parameters there are
  const tensors = files.get(CHECKPOINT_FILES.strategy)
  await session.runtime?.restore?.({
    state: state.strategy,
    tensors: tensors ? await unpackTensors(tensors, CHECKPOINT_FILES.strategy) : new Map(),
  })
  await setValues(session, fileOf(files, CHECKPOINT_FILES.weights), CHECKPOINT_FILES.weights)
  session.optimizer.restore(
    toTensors(await unpackTensors(fileOf(files, CHECKPOINT_FILES.optimizer), CHECKPOINT_FILES.optimizer)),
  )
  await restoreStart(session, files)
  const best = files.get(CHECKPOINT_FILES.best)
  if (best) session.bestValues = createBank(await unpackTensors(best, CHECKPOINT_FILES.best))
  for (const [name, trains] of state.overrides) session.overrides.set(name, trains)
  session.steps = state.step
  session.solved = state.solved
  session.moving = state.moving
  session.rateFactor = state.rateFactor
  session.actionsDone = state.actions
  session.best = state.best
  session.entered = state.entered
  session.left = state.left
  session.enough = state.enough
  session.ended = state.ended
  session.stream.restore(state.streams.batches)
  session.dropout.restore(state.streams.dropout)
  session.noise.restore(state.streams.noise)
  session.pace.restore(state.pace)
  if (state.lossScale) session.lossScale.restore(state.lossScale)
  if (!session.setup.phases[state.phase])
    throw new UserError('the checkpoint is of a run with other phases; go on with the run file it began with')
  session.stand(state.phase)
}

/**
 * Puts a session that has just been opened after as many steps as a checkpoint of another session, which may have
 * another strategy or other rates: the values that both know, the order of images, every random stream and, where the
 * update rule is the same, its slots. The strategy's phases begin here: those whose steps are over are entered and left
 * without one.
 * @throws UserError when the checkpoint is of another network or other classes
 */
export async function adoptState(
  session: TrainingSession,
  files: ReadonlyMap<string, Uint8Array>,
  { sameRule }: { sameRule: boolean },
): Promise<void> {
  const state = readState(files)
  checkOrigin(session, state)
  const { bank } = session
  for (const [name, { shape, data }] of await unpackTensors(
    fileOf(files, CHECKPOINT_FILES.weights),
    CHECKPOINT_FILES.weights,
  )) {
    if (!bank.has(name)) continue
    if (bank.get(name).shape.join() !== shape.join())
      throw new UserError(
        `"${name}" has the shape ${shape.join(' × ')} there and ${bank.get(name).shape.join(' × ')} here: a network that was cut goes on with the strategy that cut it`,
      )
    bank.set(name, tf.tensor(data, shape, 'float32'))
  }
  if (sameRule) {
    const slots = await unpackTensors(fileOf(files, CHECKPOINT_FILES.optimizer), CHECKPOINT_FILES.optimizer)
    const known = [...slots].filter(([key]) => bank.has(key.slice(0, key.lastIndexOf('/'))))
    session.optimizer.restore(toTensors(new Map(known)))
  }
  for (const [name, trains] of state.overrides) if (bank.has(name)) session.overrides.set(name, trains)
  session.steps = state.step
  session.rateFactor = state.rateFactor
  session.actionsDone = session.spec.train.actions.filter(({ at }) => at < state.step).length
  session.stream.restore(state.streams.batches)
  session.dropout.restore(state.streams.dropout)
  session.noise.restore(state.streams.noise)
  session.beginHere()
  // momentum of what does not train here must not act when it starts again
  const still = [...session.graph.parameters.keys()].filter((name) => !session.active.trainedNames.has(name))
  session.optimizer.reset(still)
}

/** @throws UserError when the checkpoint is of another network or other classes */
function checkOrigin(session: TrainingSession, state: SessionState): void {
  if (state.w0 !== session.w0Hash)
    throw new UserError(
      'the pre-trained weights are not those the run began with; put the model file back, or start a new run',
    )
  const classes = session.setup.images.dataset.classes
  if (state.classes.join('/') !== classes.join('/'))
    throw new UserError(
      `the data set has other classes (${classes.join(', ')}) than the run began with (${state.classes.join(', ')}); put the folders back, or start a new run`,
    )
}

async function setValues({ bank }: TrainingSession, bytes: Uint8Array, file: string): Promise<void> {
  const values = await unpackTensors(bytes, file)
  const missing = bank.names().find((name) => !values.has(name))
  if (missing) throw new UserError(`the checkpoint has no values for "${missing}"; it is of another network`)
  for (const [name, { shape, data }] of values)
    if (bank.has(name)) bank.set(name, tf.tensor(data, shape, 'float32'))
}

async function restoreStart(session: TrainingSession, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  if (session.start !== session.w0) session.start.dispose()
  session.start = session.w0
  const bytes = files.get(CHECKPOINT_FILES.phase)
  if (!bytes) return
  session.start = session.origin.clone()
  for (const [name, tensor] of toTensors(await unpackTensors(bytes, CHECKPOINT_FILES.phase)))
    session.start.set(name, tensor)
}

/** Whether going on here gives the very weights that the run would have had without an interruption. */
export function isBitEqual(
  files: ReadonlyMap<string, Uint8Array>,
  backend: SessionState['backend'],
): boolean {
  const { name, version, threads } = readState(files).backend
  return name === backend.name && version === backend.version && threads === backend.threads
}
