import type { Command } from 'commander'
import { ExitCode, formatProblem } from '../../spec'
import { addCommand, printJson, type Cli, type CommonOptions } from '../command'
import { count } from '../render/numbers'
import { shellWord } from '../render/shell'
import { readRunFile } from '../runFile'

/** `thaw validate FILE…`: all that can be told without model, data and machine. */
export function validate(program: Command, cli: Cli): void {
  addCommand(program, 'validate <files...>', 'check run files: JSON, fields, values')
    .option(
      '--set <field=value>',
      'change a field first (repeatable)',
      (s: string, all: string[]) => [...all, s],
      [] as string[],
    )
    .action((files: string[], options: CommonOptions & { set: string[] }) => {
      const { terminal } = cli
      const problems = files.flatMap((file) => readRunFile(file, terminal.cwd, options.set).problems)
      const errors = problems.filter((problem) => problem.severity === 'error').length
      if (errors > 0) cli.exitCode = ExitCode.userError
      if (options.json) return printJson(terminal, { ok: errors === 0, problems })
      for (const problem of problems) terminal.warn(formatProblem(problem))
      terminal.print(
        errors === 0
          ? `${files.join(', ')}: ${files.length === 1 ? 'is a valid run file' : 'are valid run files'}; next: thaw preflight ${shellWord(files[0]!)}`
          : `${count(errors, 'error')} in ${count(files.length, 'file')}`,
      )
    })
}
