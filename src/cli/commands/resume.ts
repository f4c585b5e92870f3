import type { Command } from 'commander'
import { attendRun, startOwned, tellDetached, tellEnd } from '../attend'
import { addCommand, withRuns, type Cli, type CommonOptions } from '../command'
import { openRunFolder, readStoredSpec } from '../../events'
import { changedSince } from '../../own/store'
import type { ResolvedSpec } from '../../spec'
import { findRun } from '../../runner/find'

interface Options extends CommonOptions {
  runs: string
  detach?: boolean
  force?: boolean
}

/** `thaw resume RUN`: goes on from the newest checkpoint. */
export function resume(program: Command, cli: Cli): void {
  withRuns(addCommand(program, 'resume <run>', 'go on with a run that was stopped, failed or interrupted'))
    .option('--detach', 'start it and come back at once')
    .option('--force', 'take over from another machine, when you know that it no longer runs there')
    .action(async (reference: string, options: Options) => {
      const { terminal } = cli
      const { path } = findRun(reference, options.runs, terminal.cwd)
      const { spec, base } = readStoredSpec<ResolvedSpec>(openRunFolder(path))
      const changed = changedSince(path, spec.strategy.name, base)
      if (changed) terminal.warn(terminal.colours.yellow(changed))
      const { resumeRun } = await import('../../runner')
      const { id, folder, interrupted } = await startOwned(() => resumeRun(path, { force: options.force }))
      if (options.detach && !interrupted) {
        return tellDetached(
          terminal,
          { id, folder },
          options.json,
          (word) => `resumed ${id}; \`thaw watch ${word}\` follows it`,
        )
      }
      const followed = await attendRun(cli, {
        folder,
        label: id,
        json: options.json,
        owned: true,
        interrupted,
      })
      tellEnd(cli, folder, followed, options.json)
    })
}
