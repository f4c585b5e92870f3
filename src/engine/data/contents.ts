import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { decodeVersion } from './diskCache'
import { FileIndex } from './fileIndex'
import { drawView } from './planner'
import { createTransforms } from './transforms'
import type { BatchImages, Dataset } from './types'
import type { TransformSpec } from '../../spec/schema'

/** Names what the pixels of images are made of: the same in every run, another where any pixel may differ. */
export interface ImageContents {
  /**
   * One name an image, of hexadecimal digits: from the file's bytes, how it is decoded and its transform.
   * An image with a fresh draw of the transforms has no name of its own and must not be asked for.
   */
  of(images: BatchImages): Promise<string[]>
  /** Remembers the digests of files for the next run. */
  save(): Promise<void>
}

export interface ContentOptions {
  transforms: TransformSpec | 'none'
  seed: number
}

/** Digests of files are known again as long as size, inode and times stay: then none is opened. */
export function imageContents(dataset: Dataset, { transforms: spec, seed }: ContentOptions): ImageContents {
  const index = new FileIndex<{ sha256: string }>(dataset.root, dataset.cache, '-contents')
  const transforms = createTransforms(spec)
  const nameOf = async (item: number, view: number, mirrored: boolean): Promise<string> => {
    const { path } = dataset.items[item]!
    const { sha256 } = await index.facts(path, digestOf)
    const draw = view < 0 ? undefined : drawView(transforms, seed, path, view)
    const made = [decodeVersion, sha256, dataset.background, draw && [draw, transforms?.fill], mirrored]
    return createHash('sha256').update(JSON.stringify(made)).digest('hex').slice(0, 40)
  }
  const known = new Map<string, Promise<string>>()
  const once = (item: number, view: number, mirrored: boolean): Promise<string> => {
    const key = `${item} ${view} ${mirrored}`
    let name = known.get(key)
    if (!name) known.set(key, (name = nameOf(item, view, mirrored)))
    name.catch(() => known.delete(key))
    return name
  }
  return {
    of: ({ items, views, mirrored }) =>
      Promise.all(Array.from(items, (item, i) => once(item, views[i]!, mirrored === true))),
    save: () => index.save(),
  }
}

async function digestOf(file: string): Promise<{ sha256: string }> {
  return {
    sha256: createHash('sha256')
      .update(await readFile(file))
      .digest('hex'),
  }
}
