import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'

interface Kept {
  file: string
  bytes: number
  used: number
}

export async function listFiles(folder: string): Promise<Kept[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  const files: Kept[] = []
  for (const entry of entries) {
    if (!entry.isFile()) continue
    const file = join(entry.parentPath, entry.name)
    const info = await stat(file).catch(() => undefined)
    if (info) files.push({ file, bytes: info.size, used: info.mtimeMs })
  }
  return files
}

/**
 * Removes what was used longest ago until a folder holds at most four fifths of its limit (so that it is not full
 * again at once). Returns the bytes left.
 */
export async function pruneFolder(folder: string, limitBytes: number): Promise<number> {
  const files = await listFiles(folder)
  let bytes = files.reduce((sum, file) => sum + file.bytes, 0)
  if (bytes <= limitBytes) return bytes
  files.sort((one, other) => one.used - other.used)
  for (const file of files) {
    if (bytes <= 0.8 * limitBytes) break
    await rm(file.file, { force: true })
    bytes -= file.bytes
  }
  return bytes
}
