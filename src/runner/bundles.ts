import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ExitCode, UserError } from '../spec/types'

/**
 * A built file such as `trainer.js`: beside this one in a bundle, in `dist` of the repository from the sources.
 * @throws UserError when it was not built
 */
export function bundleFile(name: string, start: string = __dirname): string {
  for (let folder = start; ; folder = dirname(folder)) {
    for (const file of [join(folder, name), join(folder, 'dist', name)]) if (existsSync(file)) return file
    if (dirname(folder) === folder) break
  }
  throw new UserError(
    `${name} is missing from this installation of Thaw: install it again, or run \`npm run build\` in a checkout.`,
    ExitCode.machineLacks,
  )
}
