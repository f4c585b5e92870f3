import { actionOf } from '../../engine/train/replay'
import type { ControlCommand } from '../../engine/train/types'
import type { ActionSpec } from '../../spec'
import type { WrittenSpec } from './specs'

export interface ToWrite {
  written: WrittenSpec
  name: string
  /** That computed: `auto` may choose another one elsewhere, with other bits. */
  backend: string
  steps: number
  planned: number
  /** Done live and by the run file, in order. */
  controls: readonly { at: number; action: unknown; source: string }[]
  /** Folder of the checkpoint that the session went on from, where it is no run from step 0. */
  from?: string
}

/**
 * A session as a run file that gives the same weights: live actions become `train.actions`, and one that stands before
 * its planned end stops there. What chooses other weights at the end is left out, since no session does.
 */
export function runFileText(to: ToWrite): string {
  const { written, name, backend, steps, planned, controls, from } = to
  const train = { ...(written.train as Record<string, unknown> | undefined) }
  const own = (train.actions ?? []) as ActionSpec[]
  const live = controls.flatMap(({ at, action, source }): ActionSpec[] => {
    if (source === 'run file') return []
    const what = actionOf(action as ControlCommand)
    // a look at the weights and a copy of them change nothing
    return what === undefined || what === 'stop' || what === 'checkpoint' || what === 'evaluate'
      ? []
      : [{ at, do: what }]
  })
  const stop: ActionSpec[] = steps < planned ? [{ at: steps, do: 'stop' }] : []
  // what was to come is not done; at one step the file's own come first, as they did
  const past = own.filter(({ at, do: what }) => at < steps && what !== 'stop' && what !== 'pause')
  const actions = [...past, ...live].sort((a, b) => a.at - b.at).concat(stop)
  delete train.actions
  delete train.earlyStopping
  delete train.keep
  delete train.measureEvery
  delete train.from
  const { $schema: _schema, name: _name, train: _train, backend: _backend, ...rest } = written
  const file = {
    name,
    ...rest,
    train: {
      ...train,
      ...(train.steps === undefined && train.epochs === undefined && { steps: planned }),
      ...(from !== undefined && { from }),
      ...(actions.length > 0 && { actions }),
    },
    backend,
  }
  return `${JSON.stringify(file, null, 2)}\n`
}
