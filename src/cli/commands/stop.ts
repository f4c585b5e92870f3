import { dirname } from 'node:path'
import type { Command } from 'commander'
import { addCommand, printJson, withRuns, type Cli, type CommonOptions } from '../command'
import { followRun } from '../follow'
import { findRun } from '../runs'

/** `thaw stop RUN…`: between two steps, with a checkpoint. A run that waits in the line is taken out of it. */
export function stop(program: Command, cli: Cli): void {
  withRuns(addCommand(program, 'stop <runs...>', 'stop runs between two steps; they can be resumed')).action(
    async (references: string[], options: CommonOptions & { runs: string }) => {
      const { terminal } = cli
      const { RunQueue, sendControl } = await import('../../runner')
      const stopped: { run: string; folder: string; state: string; step: number }[] = []
      for (const reference of references) {
        const { id, path } = findRun(reference, options.runs, terminal.cwd)
        if (await new RunQueue(dirname(path)).remove(id)) {
          stopped.push({ run: id, folder: path, state: 'queued', step: 0 })
          continue
        }
        await sendControl(path, { do: 'stop' }, 'cli')
        const { view } = await followRun(path, () => {}).over
        stopped.push({ run: id, folder: path, state: view.ended?.state ?? 'interrupted', step: view.step })
      }
      if (options.json) return printJson(terminal, stopped)
      for (const { run, state, step } of stopped) {
        terminal.print(
          state === 'queued'
            ? `${run} no longer waits`
            : `${run}: ${state} at step ${step}; \`thaw resume ${run}\` goes on`,
        )
      }
    },
  )
}
