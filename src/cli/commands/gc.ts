import { resolve } from 'node:path'
import type { Command } from 'commander'
import { wholeNumber } from '../attend'
import { addCommand, printJson, withRuns, type Cli, type CommonOptions } from '../command'
import { bytes, count } from '../render/numbers'
import { runIds } from '../../runner/find'

/** `thaw gc`: of runs that do not run, only the newest checkpoints stay. */
export function gc(program: Command, cli: Cli): void {
  withRuns(addCommand(program, 'gc', 'remove older checkpoints of runs that are over'))
    .option('--last <n>', 'checkpoints that each run keeps', wholeNumber, 1)
    .action(async (options: CommonOptions & { runs: string; last: number }) => {
      const { terminal } = cli
      const { collectGarbage } = await import('../../runner')
      const root = resolve(terminal.cwd, options.runs)
      const removed = runIds(root).flatMap((run) =>
        collectGarbage(resolve(root, run), { last: options.last }).map(({ step, bytes }) => ({
          run,
          step,
          bytes,
        })),
      )
      const freed = removed.reduce((sum, checkpoint) => sum + checkpoint.bytes, 0)
      if (options.json) return printJson(terminal, { removed, bytes: freed })
      terminal.print(`removed ${count(removed.length, 'checkpoint')}, ${bytes(freed)} freed`)
    })
}
