import { resolve } from 'node:path'
import type { Command } from 'commander'
import { attendRun, startOwned, tellDetached, tellEnd } from '../attend'
import { addCommand, withRuns, type Cli, type CommonOptions } from '../command'
import { EventReader, readStoredSpec } from '../../events'
import type { ResolvedSpec } from '../../spec'
import { storedSources } from '../../own/store'
import { findRun } from '../../runner/find'
import { sameWeights } from '../weights'

/** `thaw replay RUN`: again, with what a person did live as actions at the same steps; the same weights come out. */
export function replay(program: Command, cli: Cli): void {
  withRuns(addCommand(program, 'replay <run>', 'do a run again, with what was done to it live'))
    .option('--print', 'print the run file that does it, instead of running it')
    .option('--detach', 'start it and come back at once')
    .action(
      async (
        reference: string,
        options: CommonOptions & { runs: string; print?: boolean; detach?: boolean },
      ) => {
        const { terminal } = cli
        const original = findRun(reference, options.runs, terminal.cwd)
        const stored = readStoredSpec<ResolvedSpec>(original)
        const [{ replaySpec }, { startRun }] = await Promise.all([
          import('../../engine/train'),
          import('../../runner'),
        ])
        const replayed = replaySpec(stored.spec, await new EventReader(original.events).read())
        if (options.print) return terminal.print(JSON.stringify(replayed, null, options.json ? undefined : 2))
        const spec = { ...replayed, name: `replay of ${stored.name}`.slice(0, 200) }
        const root = resolve(terminal.cwd, options.runs)
        const { id, folder, interrupted } = await startOwned(() =>
          startRun({ spec, base: stored.base, root, own: storedSources(original.path) }),
        )
        if (options.detach && !interrupted) {
          return tellDetached(
            terminal,
            { id, folder },
            options.json,
            (word) => `started ${id}; \`thaw watch ${word}\` follows it`,
          )
        }
        const followed = await attendRun(cli, {
          folder,
          label: spec.name,
          json: options.json,
          owned: true,
          interrupted,
        })
        const same = followed?.view.ended?.state === 'failed' ? undefined : sameWeights(original.path, folder)
        if (!options.json && same !== undefined) {
          terminal.print(
            same
              ? 'the weights are the same as the original’s, bit for bit'
              : 'the weights differ from the original’s: another back end, version or thread count, or other files',
          )
        }
        tellEnd(cli, folder, followed, options.json)
      },
    )
}
