import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openRunFolder, type ThumbnailTable } from '../../events'
import { readArtifact } from './artifact'

/** More than a page shows at once is not asked for. */
const MOST = 200

/**
 * Small pictures of images as `data:` addresses, so that a picture that is saved holds them. What the run folder does
 * not have is left out.
 */
export async function thumbnails(
  folder: string,
  split: 'train' | 'val' | 'test',
  paths: readonly string[],
): Promise<Record<string, string>> {
  if (!['train', 'val', 'test'].includes(split)) return {}
  const found: Record<string, string> = {}
  const table = await readArtifact(folder, `thumbnails-${split}.json`).catch(() => undefined)
  const numbers = (table as ThumbnailTable | undefined)?.numbers ?? {}
  for (const path of paths.slice(0, MOST)) {
    const number = Object.hasOwn(numbers, path) ? numbers[path] : undefined
    if (!Number.isSafeInteger(number)) continue
    const file = join(openRunFolder(folder).artifacts, `thumbnails-${split}`, `${number}.jpg`)
    const bytes = await readFile(file).catch(() => undefined)
    if (bytes) found[path] = `data:image/jpeg;base64,${bytes.toString('base64')}`
  }
  return found
}
