import type { Command } from 'commander'
import { UserError } from '../../spec'
import { addCommand, printJson, withRuns, type Cli, type CommonOptions } from '../command'
import { comparisonText } from '../render/comparison'
import { findRun } from '../../runner/find'

/** `thaw compare RUN RUN…`: on the same test images, with paired tests; over seeds where there are several. */
export function compareCommand(program: Command, cli: Cli): void {
  withRuns(
    addCommand(program, 'compare <runs...>', 'compare runs on their test images, with paired tests'),
  ).action(async (references: string[], options: CommonOptions & { runs: string }) => {
    const { terminal } = cli
    const folders = references.map((reference) => findRun(reference, options.runs, terminal.cwd))
    if (new Set(folders.map(({ path }) => path)).size < 2) {
      throw new UserError('compare needs two different runs; `thaw ls` lists them')
    }
    const { compare } = await import('../compare')
    const result = await compare(folders, (text) => (options.json ? undefined : terminal.warn(text)))
    if (options.json) return printJson(terminal, result)
    terminal.print(comparisonText(result, terminal.colours))
  })
}
