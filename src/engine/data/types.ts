export type Split = 'train' | 'val' | 'test'

export interface Item {
  /** Path relative to the data's root, with `/`. */
  path: string
  label: number
  split: Split
}

export interface AuditFinding {
  severity: 'error' | 'warning'
  code: 'unreadable' | 'empty-file' | 'too-large' | 'duplicate' | 'leak' | 'imbalance' | 'few' | 'one-image-class' | 'symlink-loop' | 'not-an-image'
  message: string
  paths: string[]
}

/** An opened image set: what is where, nothing decoded yet. */
export interface Dataset {
  source: string
  root: string
  classes: string[]
  items: readonly Item[]
  counts: Record<Split, number>
  /** sha256 over paths, labels, splits and file contents' hashes; known after `audit` or on demand. */
  findings: AuditFinding[]
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
}

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
  next(): Promise<ImageBatch>
  /** State such that a stream restored from it gives the batches not yet returned by `next`, whatever was prefetched. */
  state(): StreamState
  restore(state: StreamState): void
  close(): Promise<void>
}
