import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { Option, type Command } from 'commander'
import { wholeNumber } from '../attend'
import { addCommand, printJson, withRuns, type Cli, type CommonOptions } from '../command'
import type { TrainedModel } from '../../engine/train'
import { UserError, type ResolvedSpec } from '../../spec'
import { bytes } from '../render/numbers'
import { findRun } from '../runs'
import { openRunModel } from '../trained'

interface Options extends CommonOptions {
  runs: string
  format: 'safetensors' | 'tfjs'
  to?: string
  step?: number
  force?: boolean
}

/** `thaw export RUN`: the network as a plain model that others load. */
export function exportCommand(program: Command, cli: Cli): void {
  withRuns(addCommand(program, 'export <run>', 'write a run’s network as a plain model'))
    .addOption(
      new Option(
        '--format <format>',
        'safetensors has the names of origin, so PyTorch loads it; tfjs is a layers model',
      )
        .choices(['safetensors', 'tfjs'])
        .default('safetensors'),
    )
    .option('--to <dir>', 'folder to write to; default RUN-FORMAT here')
    .option('--step <n>', 'checkpoint of this step instead of the newest', wholeNumber)
    .option('--force', 'replace files that are there')
    .action(async (reference: string, options: Options) => {
      const { terminal } = cli
      const run = findRun(reference, options.runs, terminal.cwd)
      const folder = resolve(terminal.cwd, options.to ?? `${run.id}-${options.format}`)
      const { model, spec } = await openRunModel(run, options.step)
      const files = await toFiles(model, spec.backend, options.format)
      const taken = [...files.keys()].find((name) => existsSync(join(folder, name)))
      if (taken !== undefined && !options.force) {
        throw new UserError(
          `${relative(terminal.cwd, join(folder, taken))}: is there already; use --force to replace it, or --to to write elsewhere`,
        )
      }
      mkdirSync(folder, { recursive: true })
      for (const [name, content] of files) writeFileSync(join(folder, name), content)
      const sizes = [...files].map(([name, content]) => ({ name, bytes: content.length }))
      if (options.json)
        return printJson(terminal, {
          run: run.id,
          folder,
          format: options.format,
          files: sizes,
          classes: model.classes,
          step: model.step,
        })
      for (const file of sizes)
        terminal.print(`${join(relative(terminal.cwd, folder), file.name)}  ${bytes(file.bytes)}`)
    })
}

async function toFiles(
  model: TrainedModel,
  backend: ResolvedSpec['backend'],
  format: Options['format'],
): Promise<Map<string, Uint8Array>> {
  const [{ openBackend }, { createBank }, { exportModel }] = await Promise.all([
    import('../../engine/backend'),
    import('../../engine/network'),
    import('../../engine/formats'),
  ])
  await openBackend(backend)
  const bank = createBank(model.values)
  try {
    return await exportModel(model.graph, bank, format, { classes: model.classes })
  } finally {
    bank.dispose()
  }
}
