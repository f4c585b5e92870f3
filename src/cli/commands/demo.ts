import { relative } from 'node:path'
import type { Command } from 'commander'
import { addCommand, printJson, withRuns, type Cli, type CommonOptions } from '../command'
import { demoReading, demoTable, type DemoRow } from '../render/demo'
import { duration } from '../render/numbers'

/** `thaw demo`: photographs to drawings, from the packaged network and images, against training from scratch. */
export function demo(program: Command, cli: Cli): void {
  withRuns(
    addCommand(program, 'demo', 'fine-tune the packaged network on the packaged drawings, five ways'),
  ).action(async (options: CommonOptions & { runs: string }) => {
    const { terminal } = cli
    const say = options.json ? terminal.warn : terminal.print
    say(
      'Thaw demo: EfficientNet-Lite0, pre-trained on photographs, learns ten kinds of drawing from ten examples each.',
    )
    say('Six run files of examples/, as they are; about three minutes on two cores. Ctrl-C stops it.')
    const started = performance.now()
    const { runDemo } = await import('../demo')
    const results = await runDemo(cli, { runs: options.runs, json: options.json })
    const seconds = (performance.now() - started) / 1000
    const rows: DemoRow[] = results.flatMap(({ spec, transfer, run, followed: { view } }) => {
      const { ended } = view
      if (ended?.state !== 'finished' || !ended.metrics) return []
      const { balancedAccuracy, low, high } = ended.metrics
      const { moved, distance } = ended
      return [
        {
          name: spec.name ?? run,
          balancedAccuracy,
          low,
          high,
          seconds: ended.seconds,
          moved,
          distance,
          run,
          transfer,
        },
      ]
    })
    const images = results.at(0)?.followed.view.started?.data.counts.test ?? 0
    if (rows.length < results.length && cli.exitCode === 0) cli.exitCode = 1
    if (rows.length === 0) {
      if (cli.exitCode === 0) cli.exitCode = 1
      say('No run has finished, so there is nothing to compare.')
    } else {
      say(
        `\n${cli.exitCode === 130 ? 'Stopped after' : 'Done in'} ${duration(seconds)}.\n\n${demoTable(rows, options.json ? undefined : terminal.colours)}\n`,
      )
      for (const line of demoReading(rows, images)) say(line)
      say('\nRun folders:')
      for (const { folder } of results) say(`  ${relative(terminal.cwd, folder)}`)
      say(
        '\nNext: thaw ls · thaw show last · thaw init FOLDER for your own images (here: node dist/cli.js in place of thaw)',
      )
    }
    if (options.json) {
      printJson(terminal, {
        rows: rows.map(({ name, balancedAccuracy, low, high, seconds, moved, distance, run }) => ({
          name,
          balancedAccuracy,
          low,
          high,
          seconds,
          moved,
          distance,
          run,
        })),
      })
    }
  })
}
