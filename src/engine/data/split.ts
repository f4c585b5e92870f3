import { createHash } from 'node:crypto'
import type { Split } from './types'

/** A file as the split sees it. */
export interface Candidate {
  /** Path below its class folder: what its place in the order is derived from. */
  name: string
  className: string
}

/**
 * Place of a file in a shuffled order that depends on nothing but the seed and the file's own name, so that
 * files added later leave the order of the others alone. Unicode forms of one name count as one.
 */
export function rank(seed: number, purpose: string, { className, name }: Candidate): string {
  return createHash('sha256')
    .update([purpose, String(seed), className.normalize('NFC'), name.normalize('NFC')].join('\0'))
    .digest('hex')
}

function ranked<T extends Candidate>(files: readonly T[], seed: number, purpose: string): T[] {
  const keyed = files.map((file) => ({ file, key: rank(seed, purpose, file) }))
  keyed.sort((one, other) => (one.key < other.key ? -1 : one.key > other.key ? 1 : 0))
  return keyed.map(({ file }) => file)
}

export function byClass<T extends Candidate>(files: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const file of files) {
    const group = groups.get(file.className)
    if (group) group.push(file)
    else groups.set(file.className, [file])
  }
  return groups
}

/** How many of `n` images of a class go where: rounded shares, at least one each as far as the images go, train first. */
export function splitCounts(n: number, shares: { val: number; test: number }): Record<Split, number> {
  let left = Math.max(0, n - 1)
  const take = (share: number) => {
    const count = share > 0 ? Math.min(left, Math.max(1, Math.round(n * share))) : 0
    left -= count
    return count
  }
  const test = take(shares.test)
  const val = take(shares.val)
  return { train: n - test - val, val, test }
}

/**
 * Stratified split: in each class the first of the shuffled order are test, the next val, the rest train. A file
 * that is added moves at most one other file across each border.
 */
export function stratify<T extends Candidate>(
  files: readonly T[],
  shares: { val: number; test: number; seed: number },
): Map<T, Split> {
  const splits = new Map<T, Split>()
  for (const group of byClass(files).values()) {
    const { val, test } = splitCounts(group.length, shares)
    ranked(group, shares.seed, 'split').forEach((file, index) => {
      splits.set(file, index < test ? 'test' : index < test + val ? 'val' : 'train')
    })
  }
  return splits
}

/** Training images kept, per class: smaller `shots` or `fraction` keep a part of what larger ones keep. At least one each. */
export function keepShots<T extends Candidate>(
  files: readonly T[],
  { shots, fraction, seed }: { shots?: number; fraction: number; seed: number },
): Set<T> {
  const kept = new Set<T>()
  for (const group of byClass(files).values()) {
    const share = Math.max(1, Math.round(group.length * fraction))
    for (const file of ranked(group, seed, 'shots').slice(0, Math.min(share, shots ?? share))) kept.add(file)
  }
  return kept
}
