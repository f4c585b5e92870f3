import type { Command } from 'commander'
import type { Terminal } from './terminal'

export interface CommonOptions {
  json?: boolean
}

/** What every command's action gets beside its own arguments. */
export interface Cli {
  terminal: Terminal
  /** Set by an action that ends without an error but not with 0. */
  exitCode: number
}

/** Adds a command with `--json`, which all have. */
export function addCommand(program: Command, usage: string, summary: string): Command {
  return program
    .command(usage)
    .description(summary)
    .option('--json', 'write the result as JSON: one line, the last on stdout')
}

/** Adds `--runs DIR` to a command that takes runs. */
export function withRuns(command: Command): Command {
  return command.option('--runs <dir>', 'folder of the run folders', '.thaw/runs')
}

/** Adds `--set FIELD=VALUE`, which may be given several times. */
export function withSettings(command: Command): Command {
  return command.option(
    '--set <field=value>',
    'change a field of the run file, for example train.seed=3 (repeatable)',
    (setting: string, all: string[]) => [...all, setting],
    [] as string[],
  )
}

/** The last line of `--json`. Non-finite numbers become null, as JSON has none. */
export function printJson(terminal: Terminal, value: unknown): void {
  terminal.print(JSON.stringify(value))
}
