import { join } from 'node:path'
import PQueue from 'p-queue'
import { balanceFindings } from './balance'
import { ImageError, readHeader, type ImageHeader } from './decode'
import { failure, quoted } from './findings'
import { readImageFile, reasonOf } from './inspect'
import { readLayout, type LayoutKind } from './layout'
import { scanFolder } from './scan'
import { resolveSource } from './source'
import type { AuditFinding, Item, Split } from './types'

export interface ClassDescription {
  name: string
  images: number
  /** By the folders' own split; all in `train` where there is none. */
  counts: Record<Split, number>
}

/** What a suggestion for a folder needs. */
export interface FolderDescription {
  /** Absolute. */
  root: string
  /** `classes`: a folder per class; `splits`: train/, val/, test/; `flat`: images without class folders; `none`: no images. */
  kind: LayoutKind
  /** Splits that the folders give. */
  given: Split[]
  classes: ClassDescription[]
  images: number
  /** Medians of a sample, in pixels; undefined when no image could be read. */
  typicalSize?: { width: number; height: number }
  /** Formats in the sample, by content. */
  formats: Record<string, number>
  /** How many images the sample had. */
  sampled: number
  problems: AuditFinding[]
}

/** `count` of the list, evenly spread. */
function spread<T>(list: readonly T[], count: number): T[] {
  if (list.length <= count) return [...list]
  return Array.from({ length: count }, (_, i) => list[Math.floor(((i + 0.5) * list.length) / count)]!)
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)]!
}

/**
 * Looks at a folder of images as `thaw init` does: names of all, headers of a sample; nothing is decoded.
 *
 * @throws UserError only where there is no such folder
 */
export async function describeFolder(
  folder: string,
  { base = '.', sample = 64 } = {},
): Promise<FolderDescription> {
  const root = await resolveSource(folder, { base, media: '' })
  const scan = await scanFolder(root)
  const layout = readLayout(scan)
  const labels = new Map(layout.classes.map((name, label) => [name, label]))
  const classes = layout.classes.map((name): ClassDescription => ({
    name,
    images: 0,
    counts: { train: 0, val: 0, test: 0 },
  }))
  const items: Item[] = layout.images.map(({ path, className, split = 'train' }) => ({
    path,
    label: labels.get(className)!,
    split,
  }))
  for (const { label, split } of items) {
    classes[label]!.images++
    classes[label]!.counts[split]++
  }
  const problems = [...layout.findings]
  const paths = layout.images.length > 0 ? layout.images.map(({ path }) => path) : scan.images
  const headers = await sampleHeaders(root, spread(paths, sample), problems)
  // what is held out is the run file's business as long as the folders have no split
  problems.push(...balanceFindings(layout.classes, items).filter(({ code }) => code !== 'no-test'))
  const formats: Record<string, number> = {}
  for (const { format } of headers) formats[format] = (formats[format] ?? 0) + 1
  return {
    root,
    kind: layout.kind,
    given: layout.given,
    classes,
    images: paths.length,
    typicalSize:
      headers.length > 0
        ? {
            width: median(headers.map(({ width }) => width)),
            height: median(headers.map(({ height }) => height)),
          }
        : undefined,
    formats,
    sampled: headers.length,
    problems,
  }
}

async function sampleHeaders(
  root: string,
  paths: readonly string[],
  problems: AuditFinding[],
): Promise<ImageHeader[]> {
  const queue = new PQueue({ concurrency: 4 })
  const headers = await queue.addAll(
    paths.map((path) => async () => {
      try {
        return await readHeader(await readImageFile(join(root, path)))
      } catch (error) {
        const code = error instanceof ImageError ? error.code : 'unreadable'
        problems.push(failure(code, `${quoted(path)} ${reasonOf(error)}. Remove or replace it.`, [path]))
        return undefined
      }
    }),
  )
  return headers.filter((header) => header !== undefined)
}
