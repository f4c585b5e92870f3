import { dirname, resolve } from 'node:path'
import { emptyView, EventReader, foldEvents, openRunFolder, readStoredSpec, type RunView } from '../../events'
import type { OtherCurves } from '../protocol'
import { accuracies, lines } from './project'

/** Other runs whose logs are kept folded: each holds its reader, so that a second look reads only what is new. */
const KEPT = 24

interface Other {
  reader: EventReader
  view: RunView
}

const known = new Map<string, Other>()

/**
 * A run that lies beside the shown one, folded as far as it is written now.
 * @throws Error with a sentence when it lies elsewhere or is gone
 */
export async function viewBeside(shown: string, folder: string): Promise<RunView> {
  const path = resolve(folder)
  if (dirname(path) !== dirname(resolve(shown)))
    throw new Error(
      `${folder} does not lie beside the shown run; only runs of one folder are laid over each other`,
    )
  const other = known.get(path) ?? { reader: new EventReader(openRunFolder(path).events), view: emptyView() }
  known.delete(path)
  known.set(path, other)
  const [oldest] = known.keys()
  if (known.size > KEPT && oldest !== undefined) known.delete(oldest)
  for (let events = await other.reader.readChunk(); events; events = await other.reader.readChunk())
    other.view = foldEvents(other.view, events)
  return other.view
}

/** Its curves, whole. */
export async function curvesBeside(shown: string, folder: string): Promise<OtherCurves> {
  const view = await viewBeside(shown, folder)
  const { name, started, steps } = view
  const told = name || readStoredSpec(openRunFolder(folder)).name
  return {
    folder,
    name: told,
    seed: started?.seed ?? 0,
    steps: Math.max(steps, view.step),
    evals: accuracies(view),
    lines: lines(view, undefined),
  }
}
