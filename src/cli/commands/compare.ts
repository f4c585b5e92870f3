import { relative, resolve } from 'node:path'
import { InvalidArgumentError, type Command } from 'commander'
import { UserError } from '../../spec'
import type { Analysis } from '../../study/analysis'
import { wholeNumber } from '../attend'
import { addCommand, printJson, withRuns, withSettings, type Cli, type CommonOptions } from '../command'
import { comparisonText } from '../render/comparison'
import { analysisText } from '../render/analysis'
import { shellWord } from '../render/shell'
import { findRun } from '../../runner/find'
import { readStudyFile, withPool } from '../study'

interface Options extends CommonOptions {
  set: string[]
  runs: string
  seeds: number[]
  unequal?: boolean
  tune: boolean
  parallel?: number
  to?: string
}

/**
 * `thaw compare RUN RUN…`: on the same test images, with paired tests; over seeds where there are several.
 * `thaw compare FILE FILE…`: runs each file with several seeds under one budget, and writes a report.
 */
export function compareCommand(program: Command, cli: Cli): void {
  withRuns(
    withSettings(
      addCommand(
        program,
        'compare <what...>',
        'compare runs on their test images, or run files over several seeds; goes on where it was',
      ),
    ),
  )
    .option('--seeds <list>', 'training seeds of each run file', seedList, [1, 2, 3])
    .option('--unequal', 'compare although the budgets differ (steps, images, tuning runs)')
    .option('--no-tune', 'take each run file as it is, whatever its "tune" part says')
    .option('--parallel <n>', 'runs at once; default: what the queue takes', wholeNumber)
    .option('--to <dir>', 'folder for the report; default: `comparison` for run files, none for runs')
    .action(async (what: string[], options: Options) => {
      const files = what.filter((word) => /\.jsonc?$/.test(word))
      if (files.length === 0) return compareReferences(cli, what, options)
      if (files.length < what.length)
        throw new UserError(
          `compare takes run files or runs, not both; ${what.find((word) => !files.includes(word))} is no run file`,
        )
      if (files.length < 2) throw new UserError('compare needs two different run files')
      await compareRunFiles(cli, files, options)
    })
}

async function compareReferences(cli: Cli, references: readonly string[], options: Options): Promise<void> {
  const { terminal } = cli
  const folders = references.map((reference) => findRun(reference, options.runs, terminal.cwd))
  if (new Set(folders.map(({ path }) => path)).size < 2) {
    throw new UserError('compare needs two different runs; `thaw ls` lists them')
  }
  const { compare, analyseRuns } = await import('../compare')
  const say = (text: string) => (options.json ? undefined : terminal.warn(text))
  if (options.to !== undefined) return tell(cli, await analyseRuns(folders, say), options.to, options)
  const result = await compare(folders, say)
  if (options.json) return printJson(terminal, result)
  terminal.print(comparisonText(result, terminal.colours))
}

async function compareRunFiles(cli: Cli, files: readonly string[], options: Options): Promise<void> {
  const { terminal } = cli
  const read = files.map((file) => readStudyFile(cli, file, options.set))
  const [{ compareFiles }, { predictTest }] = await Promise.all([
    import('../../study/compare'),
    import('../compare'),
  ])
  const analysis = await withPool(cli, options, (pool) =>
    compareFiles(read, pool, {
      seeds: options.seeds,
      unequal: options.unequal,
      untuned: !options.tune,
      say: (text) => (options.json ? terminal.warn(text) : terminal.print(text)),
      predict: predictTest,
    }),
  )
  if (analysis) return tell(cli, analysis, options.to ?? 'comparison', options)
  if (options.json) return printJson(terminal, { complete: false })
  terminal.print(`not all runs are done; \`thaw compare ${files.map(shellWord).join(' ')}\` goes on`)
}

async function tell({ terminal }: Cli, analysis: Analysis, to: string, { json }: Options): Promise<void> {
  const { writeReport } = await import('../../study/report/write')
  const folder = resolve(terminal.cwd, to)
  const written = await writeReport(folder, analysis)
  if (json) return printJson(terminal, { complete: true, ...analysis, folder, written })
  terminal.print(`\n${analysisText(analysis, terminal.colours)}`)
  terminal.print(`\nreport: ${relative(terminal.cwd, resolve(folder, 'report.md')) || 'report.md'}`)
}

function seedList(text: string): number[] {
  const seeds = text.split(',').map((part) => Number(part.trim()))
  if (text.trim() === '' || seeds.some((seed) => !Number.isInteger(seed) || seed < 0 || seed > 2 ** 31 - 1))
    throw new InvalidArgumentError('write whole numbers of at least 0 with commas between, for example 1,2,3')
  return [...new Set(seeds)]
}
