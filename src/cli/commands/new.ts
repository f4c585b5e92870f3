import { existsSync, writeFileSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { Argument, type Command } from 'commander'
import { strategyText, testText } from '../../own/template'
import { UserError } from '../../spec'
import { addCommand, printJson, type Cli, type CommonOptions } from '../command'

/** `thaw new strategy NAME`: a strategy of the user's own with its tests, to start from. */
export function newCommand(program: Command, cli: Cli): void {
  addCommand(program, 'new', 'write a strategy of your own, with its tests')
    .addArgument(new Argument('<what>', 'what to write').choices(['strategy']))
    .argument('<name>', 'its name; the files are NAME.ts and NAME.test.ts')
    .option('--force', 'replace files that are there')
    .action((_what: string, given: string, options: CommonOptions & { force?: boolean }) => {
      const { terminal } = cli
      const name = given.replace(/\.ts$/, '')
      if (!/^[a-z][a-z0-9-]*$/i.test(name))
        throw new UserError(
          `${given}: not a name for files; write letters, digits and -, for example my-strategy`,
        )
      const texts = { [`${name}.ts`]: strategyText(name), [`${name}.test.ts`]: testText(name) }
      const files = Object.entries(texts).map(([file, text]) => ({ path: resolve(terminal.cwd, file), text }))
      const taken = files.find(({ path }) => existsSync(path))
      if (taken && !options.force)
        throw new UserError(
          `${relative(terminal.cwd, taken.path)}: is there already; use --force to replace it, or choose another name`,
        )
      for (const { path, text } of files) writeFileSync(path, text)
      if (options.json) return printJson(terminal, { files: files.map(({ path }) => path) })
      terminal.print(`wrote ${Object.keys(texts).join(' and ')}`)
      terminal.print(
        `next: thaw check strategy ${name}.ts; then "strategy": { "name": "./${name}.ts" } in a run file beside it`,
      )
    })
}
