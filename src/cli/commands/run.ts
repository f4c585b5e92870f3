import { relative, resolve } from 'node:path'
import type { Command } from 'commander'
import { formatProblem } from '../../spec'
import { attendRun, startOwned, tellDetached, tellEnd } from '../attend'
import { addCommand, withSettings, type Cli, type CommonOptions } from '../command'
import { requireSpec } from '../runFile'

interface Options extends CommonOptions {
  set: string[]
  out: string
  detach?: boolean
}

/** `thaw run FILE`: a run in a process of its own, followed until it is over. */
export function run(program: Command, cli: Cli): void {
  withSettings(addCommand(program, 'run <file>', 'start a run and follow it; Ctrl-C stops it'))
    .option('--out <dir>', 'folder in which the run folder is made', '.thaw/runs')
    .option('--detach', 'start it and come back at once')
    .action(async (file: string, options: Options) => {
      const { terminal } = cli
      const { spec, base, problems } = requireSpec(file, terminal.cwd, options.set)
      for (const problem of problems) terminal.warn(terminal.colours.yellow(formatProblem(problem)))
      const { startRun } = await import('../../runner')
      const root = resolve(terminal.cwd, options.out)
      const { id, folder, interrupted } = await startOwned(() => startRun({ spec, base, root }))
      if (options.detach && !interrupted) {
        return tellDetached(
          terminal,
          { id, folder },
          options.json,
          (word) => `started ${id}; \`thaw watch ${word}\` follows it, \`thaw stop ${word}\` stops it`,
        )
      }
      if (!options.json) terminal.print(`${id} in ${relative(terminal.cwd, folder) || folder}`)
      const followed = await attendRun(cli, {
        folder,
        label: spec.name,
        json: options.json,
        owned: true,
        interrupted,
      })
      tellEnd(cli, folder, followed, options.json)
    })
}
