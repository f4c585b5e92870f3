import type { Command } from 'commander'
import { wholeNumber } from '../attend'
import { addCommand, printJson, withRuns, type Cli, type CommonOptions } from '../command'
import { predictionTable } from '../render/predictions'
import { findRun } from '../../runner/find'
import { openRunModel } from '../trained'

/** `thaw predict RUN IMAGE…`: what the network of a run says of new images. */
export function predict(program: Command, cli: Cli): void {
  withRuns(
    addCommand(
      program,
      'predict <run> <images...>',
      'say what a run’s network sees in image files or folders',
    ),
  )
    .option('--top <n>', 'classes shown for each image', wholeNumber, 3)
    .action(
      async (reference: string, images: string[], options: CommonOptions & { runs: string; top: number }) => {
        const { terminal } = cli
        const folder = findRun(reference, options.runs, terminal.cwd)
        const { model, spec } = await openRunModel(folder)
        const { openImages } = await import('../../engine/data')
        const { background } = spec.data
        const files = await openImages(images, { base: terminal.cwd, classes: model.classes, background })
        const { predict: predictAll } = await import('../../engine/train')
        const predictions = await predictAll(model, spec, files)
        if (options.json) return printJson(terminal, { run: folder.id, classes: model.classes, predictions })
        terminal.print(predictionTable(predictions, model.classes, options.top, terminal.colours))
      },
    )
}
