import type { Command } from 'commander'
import { ExitCode, formatProblem, placeOf, type Problem } from '../../spec'
import { addCommand, printJson, withSettings, type Cli, type CommonOptions } from '../command'
import { estimateLines } from '../render/estimate'
import { count } from '../render/numbers'
import { shellWord } from '../render/shell'
import { requireSpec } from '../runFile'

/** `thaw preflight FILE`: checks that need the model, the data and the machine; a dry batch; what the run will take. */
export function preflight(program: Command, cli: Cli): void {
  withSettings(
    addCommand(program, 'preflight <file>', 'check a run file against its model, data and this machine'),
  )
    .option('--no-dry', 'take no trial steps; then there is no time estimate')
    .action(async (file: string, options: CommonOptions & { set: string[]; dry: boolean }) => {
      const { terminal } = cli
      const { spec, base, text, problems: written } = requireSpec(file, terminal.cwd, options.set)
      const [{ preflight: check }, { provideOwn }] = await Promise.all([
        import('../../engine/train'),
        import('../../own/provide'),
      ])
      provideOwn(spec, { base })
      const { problems: found, estimate } = await check(spec, { base }, { dry: options.dry })
      const placed = found.map((problem): Problem => ({
        ...problem,
        place: problem.place ?? placeOf(text, problem.path, file),
      }))
      const problems = [...written, ...placed]
      const errors = problems.filter((problem) => problem.severity === 'error').length
      if (errors > 0) cli.exitCode = ExitCode.userError
      if (options.json) return printJson(terminal, { ok: errors === 0, problems, estimate: estimate ?? null })
      for (const problem of problems) terminal.warn(formatProblem(problem))
      for (const line of estimate ? estimateLines(estimate) : []) terminal.print(line)
      terminal.print(
        errors === 0
          ? `ready; next: thaw run ${shellWord(file)}`
          : `${count(errors, 'error')}; the run would not start`,
      )
    })
}
