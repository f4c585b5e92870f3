import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openRunFolder } from '../../events'

/**
 * A JSON file of `artifacts/`.
 * @throws Error with a sentence when the file is missing or torn
 */
export async function readArtifact(folder: string, name: string): Promise<unknown> {
  const file = join(openRunFolder(folder).artifacts, name)
  try {
    return JSON.parse(await readFile(file, 'utf8')) as unknown
  } catch {
    throw new Error(`${file} cannot be read; it is written again at the next evaluation or checkpoint`)
  }
}
