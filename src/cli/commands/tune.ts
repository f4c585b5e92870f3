import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import type { Command } from 'commander'
import { ExitCode, UserError } from '../../spec'
import { wholeNumber } from '../attend'
import { addCommand, printJson, withRuns, withSettings, type Cli, type CommonOptions } from '../command'
import { shellWord } from '../render/shell'
import { tuneText } from '../render/tune'
import { renderTable } from '../render/table'
import { readStudyFile, withPool } from '../study'

interface Options extends CommonOptions {
  set: string[]
  runs: string
  parallel?: number
  to?: string
  force?: boolean
  print?: boolean
}

/** `thaw tune FILE`: tries the values of the file's `tune` part, judged by the validation images alone. */
export function tuneCommand(program: Command, cli: Cli): void {
  withRuns(
    withSettings(
      addCommand(
        program,
        'tune <file>',
        'try values of a run file on its validation images; goes on where it was',
      ),
    ),
  )
    .option('--parallel <n>', 'runs at once; default: what the queue takes', wholeNumber)
    .option('--to <file>', 'run file of the best trial; default NAME.tuned.thaw.json beside the file')
    .option('--force', 'replace a file that tuning did not write')
    .option('--print', 'print the trials instead of running them')
    .action(async (file: string, options: Options) => {
      const { terminal } = cli
      const study = readStudyFile(cli, file, options.set)
      const to = target(file, options, terminal.cwd)
      const [{ planTuning, tune, bestRunFile }, { assertFits }] = await Promise.all([
        import('../../study/tune'),
        import('../../study/file'),
      ])
      const { trials, wanted, images } = await planTuning(study)
      if (options.print) return printTrials(cli, trials, options)
      await assertFits({ ...study, spec: wanted[0]!.spec })
      if (!options.json) {
        const seeds = wanted.length / trials.length
        terminal.print(
          `${trials.length} trials${seeds > 1 ? ` of ${seeds} seeds` : ''} on ${images} validation images; the test images are not looked at`,
        )
      }
      const result = await withPool(cli, options, (pool) => tune(study, pool))
      const { best, complete } = result
      if (complete && !best) cli.exitCode = ExitCode.runFailed
      const written = complete && best ? bestRunFile(study, result).text : undefined
      if (written !== undefined) writeFileSync(to, written)
      const shown = relative(terminal.cwd, to)
      if (options.json)
        return printJson(terminal, { ...result, ...(written !== undefined && { written: to }) })
      terminal.print(`\n${tuneText(result, terminal.colours)}`)
      if (written !== undefined) terminal.print(`wrote ${shown}; next: thaw run ${shellWord(shown)}`)
      else if (!complete) terminal.print(`not all trials are done; \`thaw tune ${shellWord(file)}\` goes on`)
      else terminal.print('no trial has finished, so there is no best one')
    })
}

/** @throws UserError when it would replace what tuning did not write, or paths in it would lead elsewhere */
function target(file: string, { to, force }: Options, cwd: string): string {
  const path = to
    ? resolve(cwd, to)
    : resolve(cwd, `${file.replace(/(\.thaw)?\.jsonc?$/, '')}.tuned.thaw.json`)
  if (dirname(path) !== dirname(resolve(cwd, file)))
    throw new UserError(
      `--to ${to}: paths in a run file start from its folder; name a file in ${relative(cwd, dirname(resolve(cwd, file))) || 'the same folder'}`,
    )
  if (!force && path === resolve(cwd, file))
    throw new UserError(`--to ${to}: is the file that is tuned; name another, or use --force to replace it`)
  if (!force && existsSync(path) && !/"tuned"\s*:/.test(readFileSync(path, 'utf8')))
    throw new UserError(
      `${relative(cwd, path)}: is there already and was not written by tuning; use --force to replace it, or --to to write another`,
    )
  return path
}

function printTrials(
  { terminal }: Cli,
  trials: readonly { number: number; values: Record<string, unknown> }[],
  { json }: Options,
): void {
  if (json) return printJson(terminal, { trials })
  terminal.print(
    renderTable(
      [
        { head: 'trial', align: 'right', cell: (row) => String(row.number) },
        ...Object.keys(trials[0]?.values ?? {}).map((path) => ({
          head: path,
          cell: (row: (typeof trials)[number]) => JSON.stringify(row.values[path]),
        })),
      ],
      trials,
      terminal.colours,
    ),
  )
}
