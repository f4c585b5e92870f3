import type { Command } from 'commander'
import { addCommand, printJson, withRuns, type Cli, type CommonOptions } from '../command'
import { count } from '../render/numbers'
import { findRun } from '../../runner/find'

/** `thaw rm RUN…`: with all that they hold. All are found before the first is removed. */
export function rm(program: Command, cli: Cli): void {
  withRuns(addCommand(program, 'rm <runs...>', 'remove runs with all that they hold')).action(
    async (references: string[], options: CommonOptions & { runs: string }) => {
      const { terminal } = cli
      const folders = references.map((reference) => findRun(reference, options.runs, terminal.cwd))
      const { removeRun } = await import('../../runner')
      for (const { path } of folders) removeRun(path)
      if (options.json) return printJson(terminal, { removed: folders.map(({ id }) => id) })
      terminal.print(`removed ${count(folders.length, 'run')}: ${folders.map(({ id }) => id).join(', ')}`)
    },
  )
}
