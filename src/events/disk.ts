import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'

/** What saving a checkpoint does to the disk; tests put a full or a read-only one in its place. */
export interface Disk {
  makeFolder(path: string): void
  /** Creates the file, writes it whole and syncs it. */
  writeFile(path: string, bytes: Uint8Array): void
  rename(from: string, to: string): void
  /** Syncs a folder's entries, where the system can. */
  syncFolder(path: string): void
  remove(path: string): void
}

export const realDisk: Disk = {
  makeFolder(path) {
    mkdirSync(path)
  },
  writeFile(path, bytes) {
    const file = openSync(path, 'wx')
    try {
      for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done, bytes.length - done)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
  },
  rename: renameSync,
  syncFolder(path) {
    // Windows cannot open a folder for this
    if (process.platform === 'win32') return
    const folder = openSync(path, 'r')
    try {
      fsyncSync(folder)
    } finally {
      closeSync(folder)
    }
  },
  remove(path) {
    rmSync(path, { recursive: true, force: true })
  },
}
