import { dirname } from 'node:path'
import type { Command } from 'commander'
import { addCommand, printJson, withRuns, type Cli, type CommonOptions } from '../command'
import { followRun } from '../../runner/follow'
import { UserError } from '../../spec'
import { runWord } from '../render/shell'
import { findRun } from '../../runner/find'

/** `thaw stop RUN…`: between two steps, with a checkpoint. A run that waits in the line is taken out of it. */
export function stop(program: Command, cli: Cli): void {
  withRuns(addCommand(program, 'stop <runs...>', 'stop runs between two steps; they can be resumed')).action(
    async (references: string[], options: CommonOptions & { runs: string }) => {
      const { terminal } = cli
      const { livenessOfRun, RunQueue, sendControl } = await import('../../runner')
      const stopped: { run: string; folder: string; state: string; step: number }[] = []
      // all are found before the first is stopped
      const folders = references.map((reference) => findRun(reference, options.runs, terminal.cwd))
      const waiting = folders.flatMap(({ path }) => new RunQueue(dirname(path)).list().map(({ id }) => id))
      const idle = folders
        .filter(({ id, path }) => livenessOfRun(path) === 'dead' && !waiting.includes(id))
        .map(({ id }) => id)
      if (idle.length > 0) {
        throw new UserError(
          `${idle.join(', ')}: ${idle.length === 1 ? 'does' : 'do'} not run, so there is nothing to stop; \`thaw ls\` shows what runs`,
        )
      }
      for (const { id, path } of folders) {
        if (await new RunQueue(dirname(path)).remove(id)) {
          stopped.push({ run: id, folder: path, state: 'queued', step: 0 })
          continue
        }
        await sendControl(path, { do: 'stop' }, 'cli')
        const { view } = await followRun(path, () => {}).over
        stopped.push({ run: id, folder: path, state: view.ended?.state ?? 'interrupted', step: view.step })
      }
      if (options.json) return printJson(terminal, stopped)
      for (const { run, folder, state, step } of stopped) {
        terminal.print(
          state === 'queued'
            ? `${run} no longer waits`
            : `${run}: ${state} at step ${step}; \`thaw resume ${runWord(folder, terminal.cwd)}\` goes on`,
        )
      }
    },
  )
}
