import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { openRunFolder } from '../../events'
import { runFolders, summarizeRun, type RunSummary } from '../../runner/list'

/** Runs looked at at once. */
const PARALLEL = 16

/** What tells that a run's files have changed since they were read. */
async function stampOf(folder: string): Promise<string> {
  const files = ['status.json', 'events.jsonl', 'attempts'].map((name) => join(folder, name))
  const found = await Promise.all(files.map((file) => stat(file).catch(() => undefined)))
  return found.map((one) => (one ? `${one.mtimeMs}/${one.size}` : '-')).join(' ')
}

/** States whose summary may change although no file does: the process may have gone. */
const isOver = ({ state }: RunSummary): boolean =>
  state === 'finished' || state === 'stopped' || state === 'failed'

/** The runs of some folders; a run that is over is read once, so that a thousand of them cost a thousand `stat`s. */
export class RunIndex {
  private readonly known = new Map<string, { stamp: string; summary: RunSummary | undefined }>()

  /** @param roots folders `.thaw/runs` */
  async list(roots: readonly string[]): Promise<RunSummary[]> {
    const folders = (await Promise.all([...new Set(roots)].map(runFolders))).flat()
    const alive = new Set(folders)
    for (const folder of this.known.keys()) if (!alive.has(folder)) this.known.delete(folder)
    const found: (RunSummary | undefined)[] = []
    let next = 0
    const work = async () => {
      while (next < folders.length) {
        const at = next++
        found[at] = await this.look(folders[at]!)
      }
    }
    await Promise.all(Array.from({ length: PARALLEL }, work))
    return found.filter((summary) => summary !== undefined)
  }

  private async look(folder: string): Promise<RunSummary | undefined> {
    const stamp = await stampOf(folder)
    const before = this.known.get(folder)
    if (before?.stamp === stamp && (!before.summary || isOver(before.summary))) return before.summary
    // a run may be removed while it is looked at
    const summary = await (async () => summarizeRun(openRunFolder(folder)))().catch(() => undefined)
    this.known.set(folder, { stamp, summary })
    return summary
  }
}

/** One for all views, since what it knows is the disk's. */
export const runIndex = new RunIndex()
