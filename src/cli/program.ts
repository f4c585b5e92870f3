import { Command } from 'commander'
import type { Cli } from './command'
import { audit } from './commands/audit'
import { layers } from './commands/layers'
import { cacheCommand } from './commands/cache'
import { check } from './commands/check'
import { compareCommand } from './commands/compare'
import { demo } from './commands/demo'
import { doctor } from './commands/doctor'
import { evaluate } from './commands/evaluate'
import { exportCommand } from './commands/export'
import { gc } from './commands/gc'
import { init } from './commands/init'
import { ls } from './commands/ls'
import { native } from './commands/native'
import { nb } from './commands/nb'
import { newCommand } from './commands/new'
import { predict } from './commands/predict'
import { preflight } from './commands/preflight'
import { replay } from './commands/replay'
import { resume } from './commands/resume'
import { rm } from './commands/rm'
import { run } from './commands/run'
import { show } from './commands/show'
import { stop } from './commands/stop'
import { tuneCommand } from './commands/tune'
import { validate } from './commands/validate'
import { watch } from './commands/watch'

/** The whole command line. Actions load the engine only when they need it, so that `thaw --help` is instant. */
export function createProgram(cli: Cli, version: string): Command {
  const program = new Command('thaw')
    .description('Fine-tune pre-trained networks and see what training does to every layer.')
    .version(version, '-v, --version')
    .showSuggestionAfterError()
    .showHelpAfterError('(thaw help COMMAND tells more)')
    .exitOverride()
    // `thaw native install --version V` is that command's own option
    .enablePositionalOptions()
    .configureOutput({
      writeOut: (text) => cli.terminal.print(text.trimEnd()),
      writeErr: (text) => cli.terminal.warn(text.trimEnd()),
    })
    .addHelpText(
      'after',
      '\nExit codes: 0 ok, 1 the run failed, 2 what was written is wrong, 3 the machine lacks something, 130 interrupted.',
    )
  const commands = [
    init,
    audit,
    newCommand,
    check,
    validate,
    preflight,
    layers,
    run,
    resume,
    replay,
    ls,
    show,
    watch,
    stop,
    predict,
    evaluate,
    tuneCommand,
    compareCommand,
    exportCommand,
    nb,
    rm,
    gc,
    cacheCommand,
    native,
    doctor,
    demo,
  ]
  for (const add of commands) add(program, cli)
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
