import { existsSync, writeFileSync } from 'node:fs'
import { basename, dirname, relative, resolve, sep } from 'node:path'
import { InvalidArgumentError, type Command } from 'commander'
import { formatProblem, UserError } from '../../spec'
import { dataSchema } from '../../spec/schema'
import { addCommand, printJson, type Cli, type CommonOptions } from '../command'
import { findingProblems } from '../render/findings'
import { initFile, suggestFor, type Sight } from '../render/initFile'
import { count } from '../render/numbers'
import { shellWord } from '../render/shell'

/** What names of packaged sets begin with. */
const PACKAGED = 'thaw:'

interface Options extends CommonOptions {
  file?: string
  force?: boolean
}

/** `thaw init [FOLDER]`: looks at a folder of images, or a packaged set, and writes a commented run file for it. */
export function init(program: Command, cli: Cli): void {
  addCommand(program, 'init [folder]', 'look at a folder of images and write a commented run file for it')
    .option('--file <path>', 'where to write; default FOLDER.thaw.json beside the folder', checkName)
    .option('--force', 'replace a run file that is there')
    .action(async (folder: string | undefined, options: Options) => {
      const { terminal } = cli
      const packaged = folder?.startsWith(PACKAGED) ?? false
      const data = packaged ? folder! : resolve(terminal.cwd, folder ?? '.')
      const file = resolve(terminal.cwd, options.file ?? defaultFile(data, folder))
      if (existsSync(file) && !options.force) {
        throw new UserError(
          `${relative(terminal.cwd, file) || file}: is there already; use --force to replace it, or --file to write another`,
        )
      }
      const base = dirname(file)
      const { sight, problems } = await look(packaged ? data : toSource(relative(base, data)), base)
      const text = initFile(sight)
      writeFileSync(file, text, { flag: options.force ? 'w' : 'wx' })
      const shown = relative(terminal.cwd, file)
      const { strategy, steps } = suggestFor(sight)
      if (options.json) return printJson(terminal, { file, ...sight, strategy, steps, problems })
      for (const problem of problems) terminal.warn(formatProblem(problem))
      const { train, val, test } = sight.counts
      terminal.print(
        `${count(sight.classes.length, 'class', 'classes')}: ${count(train, 'image')} to train, ${val} to validate, ${test} to test`,
      )
      const errors = problems.some(({ severity }) => severity === 'error')
      terminal.print(
        errors
          ? `wrote ${shown} (${strategy}); mend what is told above first, then: thaw preflight ${shellWord(shown)}`
          : `wrote ${shown} (${strategy}); next: thaw run ${shellWord(shown)}`,
      )
    })
}

/** Names of all images and headers of a sample, with the shares that the written file will have. @throws UserError */
async function look(source: string, base: string) {
  const [{ describeFolder, openDataset }, { mediaFolder }] = await Promise.all([
    import('../../engine/data'),
    import('../../engine/media'),
  ])
  const dataset = await openDataset(dataSchema.parse({ source }), { base, media: mediaFolder() })
  const findings = source.startsWith(PACKAGED) ? [] : (await describeFolder(source, { base })).problems
  const perClass = dataset.classes.map(
    (_, label) => dataset.items.filter((item) => item.split === 'train' && item.label === label).length,
  )
  const sight: Sight = {
    source,
    classes: dataset.classes,
    counts: dataset.counts,
    smallest: Math.min(...perClass),
    largest: Math.max(...perClass),
  }
  return { sight, problems: findingProblems(findings) }
}

function toSource(path: string): string {
  return path === '' ? '.' : path.split(sep).join('/')
}

function defaultFile(data: string, folder: string | undefined): string {
  if (data.startsWith(PACKAGED)) return `${data.slice(PACKAGED.length)}.thaw.json`
  const name = `${basename(data) || 'run'}.thaw.json`
  return folder === undefined ? resolve(data, name) : resolve(dirname(data), name)
}

function checkName(path: string): string {
  if (!path.endsWith('.json')) throw new InvalidArgumentError('write a name that ends in .thaw.json')
  return path
}
