import type { RunEventBody } from '../../events/types'
import { ExitCode, UserError } from '../../spec/types'
import type { ResolvedSpec } from '../../spec/schema'
import { tellNetwork } from './artifacts'
import { Commands } from './commands'
import { NotFiniteError } from './failure'
import { isBitEqual } from './savepoint'
import { TrainingSession } from './session'
import type { Parts } from './setup'
import type { RunEnvironment, RunOutcome } from './types'
import { yieldNow } from './yieldNow'

/** This writer has lost the run to a newer attempt: it must not write another word. */
class Superseded extends Error {
  constructor(readonly reason: unknown) {
    super('superseded')
  }
}

/**
 * Trains a run from its first step, or from a checkpoint, to its end. Whatever goes wrong is told as `run-ended` and in
 * the outcome; only what `assertCurrent` of the sink throws comes through as it is.
 */
export async function trainRun(
  spec: ResolvedSpec,
  env: RunEnvironment,
  parts: Parts = {},
): Promise<RunOutcome> {
  const clock = performance.now()
  const seconds = () => (performance.now() - clock) / 1000
  let session: TrainingSession | undefined
  try {
    env.sink.emit({ kind: 'state', state: 'preparing' })
    session = await TrainingSession.open(spec, env, parts)
    session.emit(announcement(session, env))
    tellNetwork(session)
    session.emit({ kind: 'state', state: 'running' })
    session.emit({ kind: 'phase', phase: session.declared(), step: session.steps })
    const state = await loop(session, env)
    return end(session, env, { state, seconds: seconds() })
  } catch (error) {
    if (error instanceof Superseded) throw error.reason
    return end(session, env, { state: 'failed', seconds: seconds(), ...explain(error) })
  } finally {
    await session?.dispose()
  }
}

async function loop(session: TrainingSession, env: RunEnvironment): Promise<'finished' | 'stopped'> {
  const commands = new Commands(session, env)
  const { evaluateEvery } = session.spec.train
  const every = session.spec.train.checkpoints.every ?? Math.max(1, Math.ceil(session.setup.steps / 10))
  while (!session.done) {
    assertCurrent(env)
    await commands.settle()
    if (commands.stopped) break
    let report
    try {
      report = await session.step(() => commands.poll())
    } catch (error) {
      if (error instanceof NotFiniteError) await keepLastGood(session, error)
      throw error
    }
    await yieldNow()
    if (!report) continue
    commands.stepped()
    if (evaluateEvery !== undefined && session.steps % evaluateEvery === 0 && !session.done)
      if ((await session.watch()).stop) {
        session.emit({
          kind: 'log',
          level: 'info',
          message: `stopped early: no better evaluation since step ${session.best!.step}`,
        })
        break
      }
    if (session.steps % every === 0 && !session.done) await periodicCheckpoint(session, env)
  }
  assertCurrent(env)
  if (commands.stopped) {
    await session.checkpoint('stopped')
    return 'stopped'
  }
  await finish(session)
  return 'finished'
}

/** Last evaluations and the last checkpoint, with the weights that the run ends with. */
async function finish(session: TrainingSession): Promise<void> {
  const { val, test } = session.setup.images.dataset.counts
  await session.close()
  if (val > 0) await session.watch({ final: true })
  session.conclude()
  // first the weights, then the numbers: what can fail last loses least
  await session.checkpoint('end')
  if (test > 0 && session.spec.train.test !== false) await session.evaluate('test', { final: true })
}

async function periodicCheckpoint(session: TrainingSession, env: RunEnvironment): Promise<void> {
  try {
    await session.checkpoint('on the way')
  } catch (error) {
    assertCurrent(env)
    const message = error instanceof Error ? error.message : String(error)
    session.emit({
      kind: 'alarm',
      step: session.steps,
      code: 'checkpoint-failed',
      message: `no checkpoint at step ${session.steps}: ${message}`,
    })
  }
}

/** The step that failed has changed nothing: what the weights were is kept. */
async function keepLastGood(session: TrainingSession, error: NotFiniteError): Promise<void> {
  session.emit({
    kind: 'alarm',
    step: session.steps,
    code: 'not-finite',
    layer: error.origin?.layer,
    message: error.message,
  })
  await session.checkpoint('before numbers that are not finite')
}

function assertCurrent(env: RunEnvironment): void {
  try {
    env.sink.assertCurrent?.()
  } catch (error) {
    throw new Superseded(error)
  }
}

/** `run-started`, said by whoever drives a session. */
export function announcement(session: TrainingSession, env: RunEnvironment): RunEventBody {
  const { setup, spec } = session
  const { dataset } = setup.images
  return {
    kind: 'run-started',
    runId: env.runId,
    name: spec.name ?? setup.strategy.meta.title,
    strategy: {
      name: setup.strategy.meta.name,
      title: setup.strategy.meta.title,
      type: setup.strategy.meta.type,
      options: setup.options,
    },
    seed: spec.train.seed,
    backend: {
      name: setup.backend.name,
      version: setup.backend.version,
      threads: setup.backend.threads,
      device: setup.backend.device,
    },
    process: env.process ?? { pid: 0, node: '', execPath: '', host: '' },
    model: {
      source: setup.source,
      architecture: session.graph.architecture,
      hash: session.w0Hash,
      parameters: setup.layers.reduce((sum, layer) => sum + layer.parameters, 0),
    },
    data: { source: dataset.source, classes: [...dataset.classes], counts: { ...dataset.counts } },
    steps: setup.steps,
    phases: setup.phases.map((phase) => session.declared(phase)),
    layers: setup.layers,
    from: session.steps,
    ...(env.resume && { bitEqual: isBitEqual(env.resume.files, setup.backend) }),
  }
}

function explain(error: unknown): { message: string; exitCode: number } {
  if (error instanceof UserError) return { message: error.message, exitCode: error.exitCode }
  if (error instanceof NotFiniteError) return { message: error.message, exitCode: ExitCode.runFailed }
  const message = error instanceof Error ? error.message : String(error)
  return {
    message: `Thaw itself failed: ${message}; please report it with the run's folder`,
    exitCode: ExitCode.runFailed,
  }
}

/** Not a number where the weights cannot be read any more, as after a GPU was lost: the run still ends in words. */
function movementOf(session: TrainingSession | undefined): { moved: number; distance: number } {
  try {
    return session?.movement() ?? { moved: 0, distance: 0 }
  } catch {
    return { moved: NaN, distance: NaN }
  }
}

function end(
  session: TrainingSession | undefined,
  env: RunEnvironment,
  how: { state: RunOutcome['state']; seconds: number; message?: string; exitCode?: number },
): RunOutcome {
  const { state, seconds, message, exitCode } = how
  const step = session?.steps ?? 0
  const { moved, distance } = movementOf(session)
  const metrics = session?.lastMetrics
  env.sink.emit({
    kind: 'run-ended',
    state,
    step,
    ...(metrics && { metrics: metrics.metrics, split: metrics.split }),
    seconds,
    moved,
    distance,
    ...(message !== undefined && { message }),
    ...(exitCode !== undefined && { exitCode }),
  })
  return { state, step, metrics: metrics?.metrics, seconds, moved, distance, message, exitCode }
}
