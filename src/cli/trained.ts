import type { TrainedModel } from '../engine/train'
import { CheckpointStore, readStoredSpec, type RunFolder } from '../events'
import { UserError, type ResolvedSpec } from '../spec'

export interface TrainedRun {
  id: string
  name: string
  spec: ResolvedSpec
  /** Folder that relative paths of the run file start from. */
  base: string
  model: TrainedModel
}

/** Files of a run's newest checkpoint, or of the one of `step`. @throws UserError when there is none */
export function openCheckpoint(
  folder: RunFolder,
  step?: number,
): { step: number; files: ReadonlyMap<string, Uint8Array> } {
  const store = new CheckpointStore(folder.path)
  const at = step ?? store.latest()
  if (at === undefined) {
    throw new UserError(
      `the run ${folder.id} has no checkpoint yet, so there is no network to use; wait for it, or run it again`,
    )
  }
  return { step: at, files: store.load(at) }
}

/** The network that a run has made: of its newest checkpoint, or of the one of `step`. @throws UserError */
export async function openRunModel(folder: RunFolder, step?: number): Promise<TrainedRun> {
  const { spec, base, name } = readStoredSpec<ResolvedSpec>(folder)
  const { files } = openCheckpoint(folder, step)
  const [{ openTrained }, { provideOwn }] = await Promise.all([
    import('../engine/train'),
    import('../own/provide'),
  ])
  provideOwn(spec, { base, run: folder.path })
  return { id: folder.id, name, spec, base, model: await openTrained(spec, { base }, files) }
}
