import { Argument, type Command } from 'commander'
import { catalog } from '../../engine/strategies/catalog'
import { addCommand, printJson, withRuns, type Cli, type CommonOptions } from '../command'
import { backendRows, modelRows, runRows } from '../lists'
import { backendTable, modelTable, runTable, strategyTable } from '../render/lists'

type What = 'runs' | 'strategies' | 'models' | 'backends'

/** `thaw ls [runs|strategies|models|backends]`. */
export function ls(program: Command, cli: Cli): void {
  withRuns(addCommand(program, 'ls', 'list runs, strategies, models or back ends'))
    .addArgument(
      new Argument('[what]', 'what to list')
        .choices(['runs', 'strategies', 'models', 'backends'])
        .default('runs'),
    )
    .action(async (what: What, options: CommonOptions & { runs: string }) => {
      const { terminal } = cli
      const show = <T>(rows: T[], render: (rows: T[]) => string) =>
        options.json ? printJson(terminal, rows) : terminal.print(render(rows))
      if (what === 'strategies') {
        const rows = catalog.map(({ name, title, type, summary, source, cost }) => ({
          name,
          title,
          type,
          summary,
          source,
          cost,
        }))
        show(rows, (all) => strategyTable(all, terminal))
      } else if (what === 'models') show(await modelRows(), (all) => modelTable(all, terminal))
      else if (what === 'backends') show(await backendRows(), (all) => backendTable(all, terminal))
      else show(await runRows(options.runs, terminal.cwd), (all) => runTable(all, options.runs, terminal))
    })
}
