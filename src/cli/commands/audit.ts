import type { Command } from 'commander'
import { ExitCode, formatProblem } from '../../spec'
import { dataSchema } from '../../spec/schema'
import { addCommand, printJson, type Cli, type CommonOptions } from '../command'
import { findingProblems } from '../render/findings'
import { count } from '../render/numbers'

/** `thaw audit FOLDER`: decodes every image and says what is odd: sizes, balance, copies across splits, broken files. */
export function audit(program: Command, cli: Cli): void {
  addCommand(program, 'audit <folder>', 'look into every image of a folder and say what is odd').action(
    async (folder: string, options: CommonOptions) => {
      const { terminal } = cli
      const [{ auditDataset, openDataset }, { mediaFolder }] = await Promise.all([
        import('../../engine/data'),
        import('../../engine/media'),
      ])
      const dataset = await openDataset(dataSchema.parse({ source: folder }), {
        base: terminal.cwd,
        media: mediaFolder(),
      })
      const findings = await auditDataset(dataset)
      const classes = dataset.classes.map((name, label) => ({
        name,
        images: dataset.items.filter((item) => item.label === label).length,
      }))
      const images = dataset.items.length
      if (findings.some(({ severity }) => severity === 'error')) cli.exitCode = ExitCode.userError
      if (options.json) return printJson(terminal, { source: folder, images, classes, findings })
      for (const problem of findingProblems(findings)) terminal.warn(formatProblem(problem))
      terminal.print(`${count(images, 'image')} in ${count(classes.length, 'class', 'classes')}`)
      for (const { name, images: own } of classes) terminal.print(`  ${name}  ${own}`)
      if (findings.length === 0) terminal.print('nothing odd found')
    },
  )
}
