import { resolve } from 'node:path'
import { Argument, type Command } from 'commander'
import { ExitCode, UserError } from '../../spec'
import { addCommand, printJson, type Cli, type CommonOptions } from '../command'
import { count } from '../render/numbers'

interface Options extends CommonOptions {
  options: string
}

/** `thaw check strategy FILE`: the contract of all strategies on a user's own, then its tests. */
export function check(program: Command, cli: Cli): void {
  addCommand(program, 'check', 'check a strategy of your own: the contract of all strategies, and its tests')
    .addArgument(new Argument('<what>', 'what to check').choices(['strategy']))
    .argument('<file>', 'its file; tests are in NAME.test.ts beside it')
    .option('--options <json>', 'options for the runs, as in a run file', '{}')
    .action(async (_what: string, file: string, { json, options }: Options) => {
      const { terminal } = cli
      const { checkStrategy } = await import('../../own/check')
      const results = await checkStrategy(resolve(terminal.cwd, file), readOptions(options), (result) => {
        if (json) return
        const { ok, name, message } = result
        terminal.print(`${ok ? terminal.colours.green('ok') : terminal.colours.red('no')}  ${name}`)
        if (message) terminal.print(message.replace(/^/gm, '    '))
      })
      const failed = results.filter(({ ok }) => !ok).length
      if (failed > 0) cli.exitCode = ExitCode.userError
      if (json) return printJson(terminal, { ok: failed === 0, results })
      terminal.print(
        failed === 0
          ? `${file} holds all ${results.length}`
          : `${count(failed, 'check')} of ${results.length} failed`,
      )
    })
}

function readOptions(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>
  } catch {
    // told below
  }
  throw new UserError(`--options ${text}: not an object of JSON; write for example --options '{"eta": 0.1}'`)
}
