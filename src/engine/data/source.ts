import { stat, realpath } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { UserError } from '../../spec/types'

/** Packaged sets by the name after `thaw:`, with their folder below `media`. */
export const packagedSets: Readonly<Record<string, string>> = { 'noto-drawings': 'packaged/drawings' }

/** Absolute, real folder of a `data.source`. */
export async function resolveSource(
  source: string,
  { base, media }: { base: string; media: string },
): Promise<string> {
  const place = (message: string, hint: string) =>
    new UserError(`data.source: ${message}; ${hint}`, undefined, [
      { severity: 'error', path: 'data.source', message, hint },
    ])
  let folder: string
  if (source.startsWith('thaw:')) {
    const name = source.slice('thaw:'.length)
    if (!Object.hasOwn(packagedSets, name))
      throw place(
        `no packaged set is called ${JSON.stringify(name)}`,
        `write ${Object.keys(packagedSets)
          .map((one) => `"thaw:${one}"`)
          .join(' or ')}, or a folder`,
      )
    folder = join(media, packagedSets[name]!)
  } else folder = resolve(base, source)
  const info = await stat(folder).catch((error: NodeJS.ErrnoException) => error)
  if (info instanceof Error)
    throw info.code === 'ENOENT'
      ? place(
          `there is no folder ${folder}`,
          'write the path of a folder with one folder per class, relative to the run file',
        )
      : place(`${folder} cannot be opened (${info.code})`, 'check its permissions and links')
  if (!info.isDirectory())
    throw place(`${folder} is not a folder`, 'write the folder that holds one folder per class')
  return realpath(folder)
}
