import { mkdirSync, readFileSync } from 'node:fs'
import { basename, dirname, extname, join, resolve } from 'node:path'
import { InvalidArgumentError, type Command } from 'commander'
import { sync as writeFileAtomic } from 'write-file-atomic'
import { explainFailure } from '../../events'
import type { CellOutput, NotebookFile } from '../../notebook/document'
import type { OutputPicture } from '../../notebook/markdown'
import { ExitCode, UserError } from '../../spec'
import { addCommand, printJson, type Cli, type CommonOptions } from '../command'

/** `thaw nb run FILE` and `thaw nb export FILE`. */
export function nb(program: Command, cli: Cli): void {
  const group = addCommand(
    program,
    'nb',
    'run notebooks (.thawnb) without an editor, or write them otherwise',
  )
  addCommand(group, 'run <file>', 'run all cells in order; a script with `// %%` marks too')
    .option('--write', 'put the outputs into the notebook')
    .option('--out <file>', 'put the notebook with its outputs there')
    .option('--keep-going', 'go on after a cell that fails')
    .action((file: string, options: RunOptions) => run(cli, file, options))
  addCommand(group, 'export <file>', 'write a notebook as Markdown with its outputs, or as a script')
    .option('--to <format>', 'md or ts', formatOf, 'md')
    .option('--out <file>', 'default: beside the notebook')
    .option('--no-pictures', 'Markdown without PNG files of curves, freeze maps and comparisons')
    .action((file: string, options: ExportOptions) => exportTo(cli, file, options))
}

interface RunOptions extends CommonOptions {
  write?: boolean
  out?: string
  keepGoing?: boolean
}

interface ExportOptions extends CommonOptions {
  to: 'md' | 'ts'
  out?: string
  pictures: boolean
}

function formatOf(text: string): 'md' | 'ts' {
  if (text === 'md' || text === 'ts') return text
  throw new InvalidArgumentError('write md or ts')
}

async function read(path: string, shown: string): Promise<NotebookFile> {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    throw new UserError(`${shown}: there is no such file; give the path of a .thawnb file`)
  }
  if (/\.[cm]?[tj]s$/.test(path)) return (await import('../../notebook/script')).fromScript(text)
  const { readNotebook } = await import('../../notebook/document')
  try {
    return readNotebook(text)
  } catch (error) {
    throw error instanceof UserError ? new UserError(`${shown}: ${error.message}`) : error
  }
}

function write(path: string, content: string | Buffer): void {
  try {
    writeFileAtomic(path, content)
  } catch (error) {
    throw explainFailure(error, 'write', path)
  }
}

async function run(cli: Cli, file: string, options: RunOptions): Promise<void> {
  const { terminal } = cli
  const path = resolve(terminal.cwd, file)
  const notebook = await read(path, file)
  if (options.write && extname(path) !== '.thawnb')
    throw new UserError(`${file}: a script keeps no outputs; write \`--out NAME.thawnb\` instead of --write`)
  const [{ Headless }, { startKernel }, { printNotebook }] = await Promise.all([
    import('../../notebook/headless'),
    import('../../notebook/kernelProcess'),
    import('../../notebook/document'),
  ])
  const say = (text: string) => (options.json ? undefined : terminal.print(text))
  const headless = new Headless(notebook, {
    start: startKernel({ base: dirname(path), name: basename(path), log: () => undefined }),
    keepGoing: options.keepGoing,
    onCell: (index, text) => say(`[${index + 1}] ${text.split('\n')[0]!}${text.includes('\n') ? ' …' : ''}`),
    onOutput: (_index, text) => say(text.replace(/^/gm, '    ')),
    onEnd: (_index, { ms, note }) => say(`    ${(ms / 1000).toFixed(2)} s${note ? `, ${note}` : ''}`),
  })
  const stop = () => headless.interrupt()
  process.on('SIGINT', stop)
  let result
  try {
    result = await headless.run()
  } finally {
    process.off('SIGINT', stop)
  }
  const target = options.out ? resolve(terminal.cwd, options.out) : options.write ? path : undefined
  if (target) write(target, printNotebook(result.notebook))
  const { ran, failed, interrupted } = result
  if (options.json)
    printJson(terminal, { file, ran, failed, interrupted, ...(target && { written: target }) })
  else if (failed.length === 0) terminal.print(`${ran} ${ran === 1 ? 'cell' : 'cells'}, all well`)
  else
    terminal.warn(
      failed.map(({ cell, message }) => `cell ${cell} failed: ${message.split('\n')[0]!}`).join('\n'),
    )
  cli.exitCode = interrupted ? ExitCode.interrupted : failed.length > 0 ? ExitCode.runFailed : ExitCode.ok
}

async function exportTo(cli: Cli, file: string, options: ExportOptions): Promise<void> {
  const { terminal } = cli
  const path = resolve(terminal.cwd, file)
  const notebook = await read(path, file)
  const target = options.out
    ? resolve(terminal.cwd, options.out)
    : `${path.slice(0, path.length - extname(path).length)}.${options.to}`
  if (target === path)
    throw new UserError(`${file}: it would be written over itself; name another file with --out`)
  if (options.to === 'md') {
    const pictures = options.pictures ? await writePictures(notebook, target) : undefined
    write(target, (await import('../../notebook/markdown')).toMarkdown(notebook, pictures))
  } else write(target, (await import('../../notebook/script')).toScript(notebook))
  if (options.json) printJson(terminal, { file, to: options.to, written: target })
  else terminal.print(`wrote ${target}`)
}

/** Draws what has a picture into PNG files in a folder beside the Markdown, which is made when there is something. */
async function writePictures(
  notebook: NotebookFile,
  target: string,
): Promise<Map<CellOutput, OutputPicture>> {
  const { chartOf } = await import('../../notebook/show/charts')
  const folder = `${basename(target, extname(target))}.files`
  const pictures = new Map<CellOutput, OutputPicture>()
  for (const [i, { outputs = [] }] of notebook.cells.entries())
    for (const [k, output] of outputs.entries()) {
      const chart = chartOf(output.items)
      if (!chart) continue
      const [{ toSvg }, { default: sharp }] = await Promise.all([
        import('../../study/report/svg'),
        import('sharp'),
      ])
      // twice the pixels, for screens that have them
      const png = await sharp(Buffer.from(await toSvg(chart.spec)), { density: 144 })
        .png()
        .toBuffer()
      mkdirSync(join(dirname(target), folder), { recursive: true })
      const name = `cell-${i + 1}${outputs.length > 1 ? `-${k + 1}` : ''}.png`
      write(join(dirname(target), folder, name), png)
      pictures.set(output, { title: chart.title, file: `${folder}/${name}` })
    }
  return pictures
}
