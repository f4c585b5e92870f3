import type { Command } from 'commander'
import { ExitCode } from '../../spec'
import { addCommand, printJson, type Cli, type CommonOptions } from '../command'
import { examine } from '../doctor'
import { renderTable } from '../render/table'

/** `thaw doctor`: is everything there that a run needs? */
export function doctor(program: Command, cli: Cli): void {
  addCommand(program, 'doctor', 'check what this machine and this installation have').action(
    async (options: CommonOptions) => {
      const { terminal } = cli
      const checks = await examine(terminal.cwd)
      if (checks.some((check) => !check.ok && check.needed)) cli.exitCode = ExitCode.machineLacks
      if (options.json) return printJson(terminal, { ok: cli.exitCode === 0, checks })
      const { green, red, yellow } = terminal.colours
      terminal.print(
        renderTable(
          [
            { head: 'check', cell: (row) => row.name },
            { head: '', cell: (row) => (row.ok ? green('ok') : row.needed ? red('missing') : yellow('no')) },
            { head: 'what', cell: (row) => row.detail },
          ],
          checks,
          terminal.colours,
        ),
      )
      terminal.print(
        cli.exitCode === 0 ? 'everything that a run needs is there' : 'something that a run needs is missing',
      )
    },
  )
}
