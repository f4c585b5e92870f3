import { resolve } from 'node:path'
import { Argument, type Command } from 'commander'
import type { CachePart, CacheReport } from '../../engine/data'
import { addCommand, printJson, withRuns, type Cli, type CommonOptions } from '../command'
import { bytes, count } from '../render/numbers'
import { renderTable } from '../render/table'

const parts = ['features', 'decoded', 'index'] as const

/** `thaw cache ls`, `thaw cache clear [PART]`: what runs keep so that they need not compute it again. */
export function cacheCommand(program: Command, cli: Cli): void {
  withRuns(addCommand(program, 'cache', 'list or clear what runs keep instead of computing it again'))
    .addArgument(new Argument('<do>', 'ls or clear').choices(['ls', 'clear']))
    .addArgument(new Argument('[part]', 'only this part').choices(parts))
    .action(
      async (
        what: 'ls' | 'clear',
        part: CachePart | undefined,
        options: CommonOptions & { runs: string },
      ) => {
        const { terminal } = cli
        const [{ cacheFolder }, { cacheParts, clearCache, reportCache }] = await Promise.all([
          import('../../runner'),
          import('../../engine/data'),
        ])
        const folder = cacheFolder(resolve(terminal.cwd, options.runs, 'any'))
        const reports = (await reportCache(folder)).filter(({ name }) => !part || name === part)
        const total = reports.reduce((sum, report) => sum + report.bytes, 0)
        if (what === 'clear') {
          for (const { name } of reports) await clearCache(folder, name)
          const files = reports.reduce((sum, report) => sum + report.files, 0)
          if (options.json) return printJson(terminal, { folder, files, bytes: total })
          return terminal.print(`removed ${count(files, 'file')}, ${bytes(total)} freed`)
        }
        if (options.json) return printJson(terminal, { folder, parts: reports, bytes: total })
        terminal.print(
          renderTable<CacheReport>(
            [
              { head: 'part', cell: ({ name }) => name },
              { head: 'what', cell: ({ name }) => cacheParts[name] },
              { head: 'files', align: 'right', cell: ({ files }) => String(files) },
              { head: 'size', align: 'right', cell: (report) => bytes(report.bytes) },
              { head: 'last used', cell: ({ lastUsed }) => day(lastUsed) },
            ],
            reports,
            terminal.colours,
          ),
        )
        terminal.print(folder)
      },
    )
}

const day = (time: number): string => (time > 0 ? new Date(time).toISOString().slice(0, 10) : '-')
