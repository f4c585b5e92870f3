import { failure, listed, warning, counted } from './findings'
import { byCodePoint, splitPath, type Scan } from './scan'
import { scanFindings } from './scanFindings'
import type { Candidate } from './split'
import type { AuditFinding, Split } from './types'

/** An image with its class, and its split where the folders give one. */
export interface Placed extends Candidate {
  path: string
  split?: Split
}

export type LayoutKind = 'classes' | 'splits' | 'flat' | 'none'

export interface Layout {
  /** One folder per class; train/, val/ and test/ with a folder per class each; images without folders; no images. */
  kind: LayoutKind
  /** Splits that the folders give images for. */
  given: Split[]
  /** In code point order. */
  classes: string[]
  images: Placed[]
  findings: AuditFinding[]
}

const splitNames: Readonly<Record<string, Split>> = {
  train: 'train',
  training: 'train',
  val: 'val',
  valid: 'val',
  validation: 'val',
  test: 'test',
  testing: 'test',
}

const splitOf = (name: string): Split | undefined =>
  Object.hasOwn(splitNames, name.toLowerCase()) ? splitNames[name.toLowerCase()] : undefined

/** Folders of the first level that stand for splits: they hold folders and no image of their own. */
function splitFolders(scan: Scan): Map<string, Split> {
  const found = new Map<string, Split>()
  for (const folder of scan.folders) {
    if (folder.includes('/')) continue
    const split = splitOf(folder)
    if (!split) continue
    const holdsFolders = scan.folders.some((other) => other.startsWith(`${folder}/`))
    const holdsImages = scan.images.some(
      (path) => path.startsWith(`${folder}/`) && !splitPath(path)[1].includes('/'),
    )
    if (holdsFolders && !holdsImages) found.set(folder, split)
  }
  return [...found.values()].includes('train') ? found : new Map()
}

/** What a class folder is called, whatever the form of its Unicode: `\u00e9` and `e\u0301` are one class. */
const classNameOf = (folder: string) => folder.normalize('NFC')

function emptyFolders(
  scan: Scan,
  depth: number,
  used: ReadonlySet<string>,
  inside: (folder: string) => boolean,
): string[] {
  return scan.folders.filter(
    (folder) => folder.split('/').length === depth && inside(folder) && !used.has(folder),
  )
}

/** Reads classes and splits off the folders' names. Pure. */
export function readLayout(scan: Scan): Layout {
  const findings: AuditFinding[] = scanFindings(scan)
  const splits = splitFolders(scan)
  const images: Placed[] = []
  const astray: string[] = []
  const used = new Set<string>()
  for (const path of scan.images) {
    const [first, below] = splitPath(path)
    if (splits.size > 0) {
      const split = splits.get(first)
      const [folder, name] = splitPath(below)
      if (!split || folder === '') astray.push(path)
      else {
        images.push({ path, split, name, className: classNameOf(folder) })
        used.add(`${first}/${folder}`)
      }
    } else if (first === '') astray.push(path)
    else {
      images.push({ path, name: below, className: classNameOf(first) })
      used.add(first)
    }
  }
  const kind =
    images.length > 0 ? (splits.size > 0 ? 'splits' : 'classes') : astray.length > 0 ? 'flat' : 'none'
  if (images.length > 0 && astray.length > 0)
    findings.push(
      warning(
        'ignored',
        `${counted(astray.length, 'image lies', 'images lie')} outside of the class folders and ${astray.length === 1 ? 'is' : 'are'} ignored: ${listed(astray)}.`,
        astray,
      ),
    )
  const empty = emptyFolders(
    scan,
    splits.size > 0 ? 2 : 1,
    used,
    (folder) => splits.size === 0 || splits.has(splitPath(folder)[0]),
  )
  if (empty.length > 0)
    findings.push(
      warning(
        'empty-class',
        `${counted(empty.length, 'class folder holds', 'class folders hold')} no image and ${empty.length === 1 ? 'is' : 'are'} left out: ${listed(empty)}. Put images in, or remove the folder.`,
        empty,
      ),
    )
  return {
    kind,
    given: (['train', 'val', 'test'] as const).filter((split) =>
      images.some((image) => image.split === split),
    ),
    ...classesOf(images, findings),
    findings,
  }
}

/** Classes are those of train; images of val and test that belong to none of them are left out. */
function classesOf(images: Placed[], findings: AuditFinding[]): { classes: string[]; images: Placed[] } {
  const trained = new Set(
    images.filter(({ split }) => !split || split === 'train').map(({ className }) => className),
  )
  const classes = [...trained].sort(byCodePoint)
  const strange = images.filter(({ className }) => !trained.has(className))
  if (strange.length > 0) {
    const names = [...new Set(strange.map(({ className }) => className))]
    findings.push(
      failure(
        'unknown-class',
        `${counted(names.length, 'class has', 'classes have')} images in val or test and none in train: ${listed(names)}. Add training images, or remove the folder.`,
        strange.map(({ path }) => path),
      ),
    )
  }
  for (const split of ['val', 'test'] as const) {
    const held = new Set(images.filter((image) => image.split === split).map(({ className }) => className))
    const missing = held.size > 0 ? classes.filter((name) => !held.has(name)) : []
    if (missing.length > 0)
      findings.push(
        warning(
          'missing-class',
          `${split}/ has no image of ${listed(missing)}, so nothing is known about ${missing.length === 1 ? 'it' : 'them'}.`,
        ),
      )
  }
  return { classes, images: images.filter(({ className }) => trained.has(className)) }
}
