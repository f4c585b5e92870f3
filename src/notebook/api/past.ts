import type { TrainingSession } from '../../engine/train'
import { UserError } from '../../spec'
import type * as Cell from '../cellApi'
import { Interrupted } from '../interrupted'
import type { LiveActions } from './acting'
import { yieldNow, type Beginning, type Point, type SessionCore } from './core'
import { readWritten, withOptions, type ReadSpec } from './specs'

/** Takes the steps that the parent took from a checkpoint on, with what was done to it on the way. */
export async function replay(
  core: SessionCore,
  live: LiveActions,
  inner: TrainingSession,
  { replayTo, parent }: Beginning,
): Promise<void> {
  const from = inner.steps
  const done = (parent.record?.actions() ?? []).filter(
    ({ at, source }) => source !== 'run file' && at >= from && at < replayTo!,
  )
  core.sink.muted = true
  try {
    while (inner.steps < replayTo!) {
      if (core.context.interrupted) throw new Interrupted('Interrupted on the way back; nothing was changed.')
      await live.doDue(inner)
      for (const { at, action } of done)
        if (at === inner.steps) {
          const command = action as { do: string }
          if (['freeze', 'unfreeze', 'rate'].includes(command.do))
            await inner.apply(command as never, 'notebook')
        }
      done.splice(0, done.findLastIndex(({ at }) => at <= inner.steps) + 1)
      if (!(await inner.step())) break
      await yieldNow()
    }
  } finally {
    core.sink.muted = false
  }
  core.keepPoint(inner)
  const replayed = inner.steps - from
  core.context.note(
    `rewound to checkpoint ${from}, replayed ${replayed} ${replayed === 1 ? 'step' : 'steps'}`,
  )
}

/** How a session begins that stands as this one did after so many steps. @throws UserError where no way leads there */
export function beginningAt(core: SessionCore, inner: TrainingSession, step: number): Beginning {
  const { ring } = core
  if (!Number.isInteger(step) || step < 0)
    throw new UserError(`at(${step}): give a number of steps, 0 or more`)
  if (step > inner.steps)
    throw new UserError(`at(${step}): the session stands after ${inner.steps} steps; take the others first`)
  core.look(inner)
  if (step === inner.steps) core.keepPoint(inner)
  else if (ring.nearest(step) === undefined)
    throw new UserError(
      `at(${step}): this session begins at step ${ring.steps[0] ?? inner.steps}; go back in the one that it came from`,
    )
  const nearest = ring.nearest(step)!
  const change = core.changes.find((one) => one.step > nearest.step && one.step < step)
  if (change)
    throw new UserError(
      `at(${step}): ${change.cell} changed weights by itself after step ${change.step}, so the way there cannot be repeated`,
    )
  return {
    files: () => Promise.resolve(nearest),
    replayTo: step,
    parent: asParent(core, step),
    from: core.from,
  }
}

/** How a session begins that goes on from here, otherwise where options say so. */
export function beginningOfFork(
  core: SessionCore,
  options: Omit<Cell.ForkOptions, 'name'>,
): { beginning: Beginning; read: ReadSpec } {
  const changed = Object.values(options).some((value) => value !== undefined)
  const { name: _name, ...written } = core.written
  const before = core.options.read
  const read = changed ? readWritten(withOptions(written, options), core.base) : before
  // its state of now, or of when it has done what it is about to do
  const files =
    core.inner && !core.busy
      ? Promise.resolve(capture(core, core.inner))
      : core.act((inner) => Promise.resolve(capture(core, inner)))
  files.catch(() => undefined)
  const sameRule = read.spec.train.optimizer.name === before.spec.train.optimizer.name
  return {
    read,
    beginning: {
      files: () => files,
      parent: asParent(core, core.steps),
      ...(changed ? { adopt: { sameRule } } : { from: core.from }),
    },
  }
}

function capture(core: SessionCore, inner: TrainingSession): Point {
  core.look(inner)
  return core.keepPoint(inner)
}

function asParent(core: SessionCore, step: number): Beginning['parent'] {
  return {
    run: core.runId,
    ancestors: ancestorsOf(core),
    record: core.record,
    changes: core.changes.filter((change) => change.step <= step),
  }
}

/** Runs that a session's past belongs to, with the step up to which it does. */
export function ancestorsOf(core: SessionCore): [run: string, until: number][] {
  const parent = core.options.beginning?.parent
  if (!parent) return []
  const until = core.record.view().started?.from ?? 0
  return [
    [parent.run, until],
    ...parent.ancestors.map(([run, step]) => [run, Math.min(step, until)] as [string, number]),
  ]
}
