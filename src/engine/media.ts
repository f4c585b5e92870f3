import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { UserError } from '../spec/types'

/**
 * The folder with what is packaged (networks, data sets), from the sources and from a bundle in `dist` alike.
 * @throws UserError when the installation lacks it
 */
export function mediaFolder(start: string = __dirname): string {
  for (let folder = start; ; folder = dirname(folder)) {
    const media = join(folder, 'media')
    if (existsSync(join(media, 'packaged'))) return media
    if (dirname(folder) === folder) break
  }
  throw new UserError(
    'the folder media/packaged is missing from this installation of Thaw; install it again',
    3,
  )
}
