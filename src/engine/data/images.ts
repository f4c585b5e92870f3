import { realpath, stat } from 'node:fs/promises'
import { isAbsolute, relative, resolve, sep } from 'node:path'
import { UserError } from '../../spec/types'
import { parseColour } from './colour'
import { listed, quoted } from './findings'
import { readLayout } from './layout'
import { countSplits } from './open'
import { scanFolder } from './scan'
import { resolveSource } from './source'
import type { Dataset, Item } from './types'

interface ImagesOptions {
  /** Folder that relative paths start from. */
  base: string
  /** Classes of the run, in its order. */
  classes?: readonly string[]
  /** As in the run file; default white. */
  background?: string
  cache?: string
}

const withSlashes = (path: string) => (sep === '/' ? path : path.split(sep).join('/'))

/**
 * New images without labels, to predict on: files, and folders with all images below them, in the order given.
 * Items have label -1 and split `test`.
 *
 * @throws UserError where a path does not exist or there is no image at all
 */
export async function openImages(paths: readonly string[], options: ImagesOptions): Promise<Dataset> {
  const root = await realpath(options.base)
  const items: Item[] = []
  for (const path of paths) {
    const file = resolve(root, path)
    const info = await stat(file).catch((error: NodeJS.ErrnoException) => error)
    if (info instanceof Error)
      throw new UserError(
        `${quoted(path)} ${info.code === 'ENOENT' ? 'does not exist' : `cannot be opened (${info.code})`}; write the path of an image or a folder of images`,
      )
    const found = info.isDirectory()
      ? (await scanFolder(await realpath(file))).images.map((one) => resolve(file, one))
      : [file]
    for (const one of found) items.push({ path: pathFrom(root, one), label: -1, split: 'test' })
  }
  if (items.length === 0)
    throw new UserError(
      `There are no images in ${listed(paths)}; write the path of an image or a folder of images`,
    )
  return createDataset(root, items, options)
}

/** Relative with `/` where there is a way, which there is not between drives of Windows. */
function pathFrom(root: string, file: string): string {
  const path = relative(root, file)
  return withSlashes(isAbsolute(path) ? file : path)
}

/**
 * Labelled images for a network that is trained already: a folder per class, named as in the run, or one with
 * `test/` (then only that is taken). Items have split `test`; classes without images stay empty.
 *
 * @throws UserError where a folder is none of the classes
 */
export async function openLabelledImages(
  source: string,
  options: ImagesOptions & { classes: readonly string[]; media: string },
): Promise<Dataset> {
  const root = await resolveSource(source, options)
  const layout = readLayout(await scanFolder(root))
  const labels = new Map(options.classes.map((name, label) => [name.normalize('NFC'), label]))
  const images = layout.given.includes('test')
    ? layout.images.filter(({ split }) => split === 'test')
    : layout.images
  if (images.length === 0)
    throw new UserError(
      `There are no images in class folders in ${root}; make one folder per class, named ${listed(options.classes, 10)}`,
    )
  const unknown = [...new Set(images.map(({ className }) => className))].filter((name) => !labels.has(name))
  if (unknown.length > 0)
    throw new UserError(
      `${root} has ${unknown.length === 1 ? 'a class' : 'classes'} ${listed(unknown)} that the network does not know; it knows ${listed(options.classes, 20)}`,
    )
  const items = images.map(({ path, className }): Item => ({
    path,
    label: labels.get(className)!,
    split: 'test',
  }))
  return { ...createDataset(root, items, options), source, findings: layout.findings }
}

function createDataset(root: string, items: Item[], { classes, background, cache }: ImagesOptions): Dataset {
  return {
    source: root,
    root,
    classes: [...(classes ?? [])],
    items,
    counts: countSplits(items),
    background: parseColour(background ?? 'white', 'data.background'),
    cache,
    findings: [],
  }
}
