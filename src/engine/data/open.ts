import { UserError } from '../../spec/types'
import type { DataSpec } from '../../spec/schema'
import { balanceFindings } from './balance'
import { parseColour } from './colour'
import { warning, listed } from './findings'
import { readLayout, type Layout, type Placed } from './layout'
import { byCodePoint, scanFolder } from './scan'
import { resolveSource } from './source'
import { byClass, keepShots, stratify } from './split'
import type { AuditFinding, Dataset, Item, Split } from './types'

export interface OpenOptions {
  /** Folder that relative paths start from. */
  base: string
  /** Folder of the packaged files. */
  media: string
  /** Folder for the file index and decoded images. */
  cache?: string
}

const splitOrder: readonly Split[] = ['train', 'val', 'test']

function noImages(root: string, layout: Layout): UserError {
  const message =
    layout.kind === 'flat' ? `${root} holds images but no folder per class` : `there are no images in ${root}`
  const hint = 'put the images into one folder per class (png, jpeg, webp, gif, svg, avif or tiff)'
  return new UserError(`data.source: ${message}; ${hint}`, undefined, [
    { severity: 'error', path: 'data.source', message, hint },
  ])
}

/** Splits that the folders do not give are cut from train by the run file's shares. */
function assignSplits(layout: Layout, shares: DataSpec['split']): Map<Placed, Split> {
  const cut = {
    val: layout.given.includes('val') ? 0 : shares.val,
    test: layout.given.includes('test') ? 0 : shares.test,
    seed: shares.seed,
  }
  const fromTrain = layout.images.filter(({ split }) => !split || split === 'train')
  const splits = new Map<Placed, Split>(stratify(fromTrain, cut))
  for (const image of layout.images)
    if (image.split && image.split !== 'train') splits.set(image, image.split)
  return splits
}

function shotFindings(
  shots: number | undefined,
  train: readonly Placed[],
  classes: readonly string[],
): AuditFinding[] {
  const groups = byClass(train)
  const short = shots ? classes.filter((name) => (groups.get(name)?.length ?? 0) < shots) : []
  if (short.length === 0) return []
  const have = short.length === 1 ? 'has' : 'have'
  return [
    warning(
      'few',
      `data.shots asks for ${shots} training images a class, and ${listed(short)} ${have} fewer.`,
    ),
  ]
}

/**
 * Opens a folder of images: names only, nothing is decoded. Same folder, same spec: same items in the same order.
 *
 * @throws UserError where the source is no folder, or holds no images in class folders
 */
export async function openDataset(spec: DataSpec, { base, media, cache }: OpenOptions): Promise<Dataset> {
  const background = parseColour(spec.background, 'data.background')
  const { val, test } = spec.split
  if (val + test >= 1)
    throw new UserError(
      `data.split: val ${val} and test ${test} leave nothing to train on; write shares that sum to less than 1`,
    )
  const root = await resolveSource(spec.source, { base, media })
  const layout = readLayout(await scanFolder(root))
  if (layout.images.length === 0) throw noImages(root, layout)
  const splits = assignSplits(layout, spec.split)
  const train = layout.images.filter((image) => splits.get(image) === 'train')
  const kept = keepShots(train, { shots: spec.shots, fraction: spec.fraction, seed: spec.split.seed })
  const labels = new Map(layout.classes.map((name, label) => [name, label]))
  const items: Item[] = []
  for (const image of layout.images) {
    const split = splits.get(image)!
    if (split === 'train' && !kept.has(image)) continue
    items.push({ path: image.path, label: labels.get(image.className)!, split })
  }
  items.sort(
    (one, other) =>
      splitOrder.indexOf(one.split) - splitOrder.indexOf(other.split) ||
      one.label - other.label ||
      byCodePoint(one.path, other.path),
  )
  const findings = [
    ...layout.findings,
    ...shotFindings(spec.shots, train, layout.classes),
    ...balanceFindings(layout.classes, items, spec.shots),
  ]
  return {
    source: spec.source,
    root,
    classes: layout.classes,
    items,
    counts: countSplits(items),
    background,
    cache,
    findings,
  }
}

export function countSplits(items: readonly Item[]): Record<Split, number> {
  const counts = { train: 0, val: 0, test: 0 }
  for (const { split } of items) counts[split]++
  return counts
}
