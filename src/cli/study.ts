import { basename, resolve } from 'node:path'
import type { RunView } from '../events'
import { ExitCode, formatProblem } from '../spec'
import type { StudyFile } from '../study/file'
import type { RunPool } from '../study/pool'
import type { Cli } from './command'
import { createDisplay } from './displays'
import { requireSpec } from './runFile'

/** A run file for a study; what is odd about it is told. @throws UserError when it is wrong */
export function readStudyFile(cli: Cli, file: string, settings: readonly string[]): StudyFile {
  const { terminal } = cli
  const { spec, base, text, problems } = requireSpec(file, terminal.cwd, settings)
  for (const problem of problems) terminal.warn(terminal.colours.yellow(formatProblem(problem)))
  return { file: basename(file), name: spec.name, base, text, spec }
}

export interface PoolSettings {
  runs: string
  parallel?: number
  json?: boolean
}

/** Works with a pool whose runs are shown; Ctrl-C stops them, again kills them. */
export async function withPool<T>(
  cli: Cli,
  { runs, parallel, json }: PoolSettings,
  work: (pool: RunPool) => Promise<T>,
): Promise<T> {
  const [{ RunPool }, { onInterrupt }] = await Promise.all([import('../study/pool'), import('../runner')])
  const display = createDisplay(cli.terminal, json)
  const pool = new RunPool({
    root: resolve(cli.terminal.cwd, runs),
    parallel,
    onView: (id: string, label: string, view: RunView) => display.update(id, label, view),
    note: (text) => display.note(text),
  })
  const release = onInterrupt(
    () => {
      display.note('stopping all runs; Ctrl-C again kills them')
      void pool.stop()
    },
    () => pool.kill(),
  )
  try {
    return await work(pool)
  } finally {
    release()
    display.close()
    if (pool.stopped) cli.exitCode = ExitCode.interrupted
  }
}
