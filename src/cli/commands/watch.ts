import type { Command } from 'commander'
import { attendRun, tellEnd } from '../attend'
import { addCommand, withRuns, type Cli, type CommonOptions } from '../command'
import { highestAttempt, readStatus } from '../../events'
import { UserError } from '../../spec'
import { findRun } from '../../runner/find'

/** `thaw watch RUN`: live in the terminal; Ctrl-C stops looking, not the run. */
export function watch(program: Command, cli: Cli): void {
  withRuns(addCommand(program, 'watch [run]', 'follow a run live; Ctrl-C stops looking, not the run')).action(
    async (reference: string | undefined, options: CommonOptions & { runs: string }) => {
      const { id, path } = findRun(reference ?? 'last', options.runs, cli.terminal.cwd)
      if (highestAttempt(path) === 0 && readStatus(path)?.state === 'stopped') {
        throw new UserError(
          `${id}: it was taken out of the line before it began; \`thaw resume ${id}\` starts it`,
        )
      }
      const followed = await attendRun(cli, { folder: path, label: id, json: options.json, owned: false })
      tellEnd(cli, path, followed, options.json)
    },
  )
}
