import type { TrainingSession } from '../../engine/train'
import { sessionItems } from '../show/session'
import type { LiveActions } from './acting'
import type { SessionCore } from './core'
import { sessionFacts } from './facts'
import { replay } from './past'
import { WeightGuard } from './weightGuard'

/** Loads network and data, stands where the session begins, and says what it is. */
export async function openSession(core: SessionCore, live: LiveActions): Promise<TrainingSession> {
  const { options, context, spec, sink } = core
  const [engine, { provideOwn }, { cacheFolder }] = await Promise.all([
    import('../../engine/train'),
    import('../../own/provide'),
    import('../../runner'),
  ])
  core.engine = engine
  provideOwn(spec, { base: options.base })
  const { beginning } = options
  const first = await beginning?.files()
  const { pid, execPath, version } = process
  const inner = await engine.TrainingSession.open(
    spec,
    {
      runId: core.runId,
      base: options.base,
      cache: cacheFolder(sink.folder),
      sink,
      ...(first && !beginning?.adopt && { resume: first }),
      process: { pid, node: version, execPath, host: '' },
    },
    options.parts,
  )
  live.plan(engine.inOrder(spec.train.actions))
  const { floats } = await import('../../engine/optim/floats')
  core.guard = new WeightGuard(inner, (name) => floats(inner.bank.get(name)))
  if (first && beginning?.adopt) await engine.adoptState(inner, first.files, beginning.adopt)
  if (beginning?.parent.record && first)
    core.record.inherit(beginning.parent.record, beginning.replayTo ?? first.step)
  if (beginning?.replayTo !== undefined) await replay(core, live, inner, beginning)
  // the state as it is here: what a run file has to begin with
  if (first && beginning?.adopt) core.from = { step: first.step, files: engine.saveSession(inner) }
  if (first) core.ring.put(first.step, core.from?.step === first.step ? core.from.files : first.files)
  core.inner = inner
  core.guard.after()
  core.note()
  inner.emit(engine.announcement(inner, inner.env))
  engine.tellNetwork(inner)
  inner.emit({ kind: 'phase', phase: inner.declared(), step: inner.steps })
  inner.emit({ kind: 'state', state: 'paused' })
  if (!beginning) context.show(sessionItems(sessionFacts(core, inner)))
  return inner
}
