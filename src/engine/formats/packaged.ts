import { readFile } from 'node:fs/promises'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { UserError } from '../../spec/types'
import { suggest } from '../network'

const description = z.object({
  title: z.string(),
  architecture: z.string(),
  cut: z.string().optional(),
  inputSize: z.int().min(8),
  file: z.string(),
  sha256: z.string(),
  source: z.string(),
  license: z.string(),
})

/** What a packaged network says of itself; the weights are in `path`. */
export interface PackagedNetwork extends z.output<typeof description> {
  name: string
  path: string
}

/** Names of the networks in the package, as in `thaw:NAME`. */
export function packagedNetworks(media: string): string[] {
  return readdirSync(join(media, 'packaged', 'network'))
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length))
    .sort()
}

/** @throws UserError for a name that is not packaged, with the nearest one */
export async function packagedNetwork(media: string, name: string): Promise<PackagedNetwork> {
  const known = packagedNetworks(media)
  if (!known.includes(name))
    throw new UserError(`there is no packaged network 'thaw:${name}'; ${suggest(name, known)}`)
  const folder = join(media, 'packaged', 'network')
  const parsed = description.parse(JSON.parse(await readFile(join(folder, `${name}.json`), 'utf8')))
  return { ...parsed, name, path: join(folder, parsed.file) }
}
