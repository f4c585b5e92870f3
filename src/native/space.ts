import { statfsSync } from 'node:fs'
import { lacking } from './errors'

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`

/** Bytes that may still be written to the disk of a folder. */
export function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder)
  return bavail * bsize
}

/** @throws UserError where the disk has not so many bytes left */
export function needSpace(folder: string, bytes: number, free = freeBytes(folder)): void {
  if (free < bytes)
    throw lacking(
      `native TensorFlow needs ${gigabytes(bytes)} while it is installed, and the disk with ${folder} has ${gigabytes(free)} left; free some space, or set THAW_NATIVE_DIR to a folder on another disk`,
    )
}
