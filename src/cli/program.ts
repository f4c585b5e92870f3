import { Command } from 'commander'
import type { Cli } from './command'
import { init } from './commands/init'
import { ls } from './commands/ls'
import { demo } from './commands/demo'
import { gc } from './commands/gc'
import { resume } from './commands/resume'
import { rm } from './commands/rm'
import { run } from './commands/run'
import { stop } from './commands/stop'
import { watch } from './commands/watch'
import { validate } from './commands/validate'

/** The whole command line. Actions load the engine only when they need it, so that `thaw --help` is instant. */
export function createProgram(cli: Cli, version: string): Command {
  const program = new Command('thaw')
    .description('Fine-tune pre-trained networks and see what training does to every layer.')
    .version(version, '-v, --version')
    .showSuggestionAfterError()
    .showHelpAfterError('(thaw help COMMAND tells more)')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => cli.terminal.print(text.trimEnd()),
      writeErr: (text) => cli.terminal.warn(text.trimEnd()),
    })
    .addHelpText(
      'after',
      '\nExit codes: 0 ok, 1 the run failed, 2 what was written is wrong, 3 the machine lacks something, 130 interrupted.',
    )
  for (const add of [init, validate, run, resume, ls, watch, stop, rm, gc, demo]) add(program, cli)
  return program
}

/** Runs a command line (without node and script) and gives its exit code. */
export async function runProgram(args: readonly string[], cli: Cli, version: string): Promise<number> {
  const { reportError } = await import('./errors')
  try {
    await createProgram(cli, version).parseAsync(args, { from: 'user' })
    return cli.exitCode
  } catch (error) {
    return reportError(error, cli.terminal, args.includes('--json'))
  }
}
