export type Split = 'train' | 'val' | 'test'

/** Red, green, blue, 0 to 255 each. */
export type Rgb = readonly [red: number, green: number, blue: number]

export interface Item {
  /** Path relative to the data's root, with `/`. */
  path: string
  /** Index into `Dataset.classes`; -1 for an image without a known class. */
  label: number
  split: Split
}

export type FindingCode =
  | 'unreadable'
  | 'empty-file'
  | 'too-large'
  | 'duplicate'
  /** One picture under two classes. */
  | 'conflict'
  /** One picture in two splits. */
  | 'leak'
  /** Same pixels at 32 px, other bytes. */
  | 'near-duplicate'
  | 'imbalance'
  | 'few'
  | 'one-image-class'
  | 'empty-class'
  | 'one-class'
  | 'no-images'
  /** A class of val or test that train does not have, or the other way round. */
  | 'unknown-class'
  | 'missing-class'
  | 'no-test'
  | 'symlink-loop'
  | 'symlink-outside'
  | 'odd-name'
  | 'ignored'
  | 'not-an-image'

export interface AuditFinding {
  severity: 'error' | 'warning'
  code: FindingCode
  /** A whole sentence: what is wrong, where, what to do. */
  message: string
  /** Relative to the data's root, all of them. */
  paths: string[]
}

/** An opened image set: what is where, nothing decoded yet. */
export interface Dataset {
  source: string
  /** Absolute folder that `Item.path` starts from. */
  root: string
  classes: string[]
  /** Sorted by split (train, val, test), class and path; without the training images that `shots` or `fraction` leave out. */
  items: readonly Item[]
  counts: Record<Split, number>
  /** Under transparent pixels. */
  background: Rgb
  /** Folder for the file index and decoded images; nothing is written when it is left out. */
  cache?: string
  /** Of the folder's structure and the counts after opening, of contents too after `auditDataset`. */
  findings: AuditFinding[]
  /** sha256 over classes, paths, labels, splits and contents of the files; known after `auditDataset`. */
  hash?: string
}

/** Pixels 0 to 255, RGB, NHWC. */
export interface ImageBatch {
  images: Float32Array
  shape: [count: number, height: number, width: number, channels: 3]
  labels: Int32Array
  /** Index into `Dataset.items` of each image. */
  items: Int32Array
  /** Which fixed view of each image, -1 for fresh augmentation or none. */
  views: Int32Array
  /** The images are mirrored left-right (evaluation with `mirror`). */
  mirrored?: boolean
  /** Set where `images` is empty, since nobody was said to need the pixels: gives the same batch with them. */
  render?(): Promise<ImageBatch>
}

/** Which images a batch holds, whatever their pixels are. */
export type BatchImages = Pick<ImageBatch, 'items' | 'views' | 'mirrored'>

/** JSON; part of every checkpoint. */
export interface StreamState {
  epoch: number
  /** Images drawn in this epoch. */
  position: number
  /** State of the `order` stream at the start of the epoch, and of the `transforms` stream now. */
  order: readonly number[]
  transforms: readonly number[]
}

/** Endless stream of training batches; the last batch of an epoch is filled from the next one, so that all have one size. */
export interface BatchStream {
  /** Asked before a batch is decoded: whether it can do without pixels. They can still be had by its `render`. */
  spare?: (images: BatchImages) => Promise<boolean>
  next(): Promise<ImageBatch>
  /** State such that a stream restored from it gives the batches not yet returned by `next`, whatever was prefetched. */
  state(): StreamState
  restore(state: StreamState): void
  close(): Promise<void>
}
