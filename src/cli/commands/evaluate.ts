import type { Command } from 'commander'
import { addCommand, printJson, withRuns, type Cli, type CommonOptions } from '../command'
import { evaluationText } from '../render/evaluation'
import { findRun } from '../../runner/find'
import { openRunModel } from '../trained'

/** `thaw evaluate RUN FOLDER`: metrics of a run's network on a folder per class of new images. */
export function evaluate(program: Command, cli: Cli): void {
  withRuns(
    addCommand(
      program,
      'evaluate <run> <folder>',
      'measure a run’s network on a folder per class of new images',
    ),
  ).action(async (reference: string, source: string, options: CommonOptions & { runs: string }) => {
    const { terminal } = cli
    const folder = findRun(reference, options.runs, terminal.cwd)
    const { model, spec } = await openRunModel(folder)
    const { evaluateRun } = await import('../../engine/train')
    const { metrics, confusion, classes } = await evaluateRun(model, spec, source, { base: terminal.cwd })
    if (options.json) return printJson(terminal, { run: folder.id, metrics, confusion, classes })
    terminal.print(evaluationText(metrics, confusion, classes, terminal.colours))
  })
}
