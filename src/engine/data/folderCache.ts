import { createHash, randomUUID } from 'node:crypto'
import { access, mkdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pruneFolder } from './prune'

/**
 * Bytes by key in a folder that processes share. A file is written beside and renamed, so that no reader sees half of
 * one, and begins with a digest of what follows: a damaged one is removed and counts as unknown. A full or read-only
 * disk makes it slower, never wrong. Over its limit it forgets what was used longest ago.
 */
export class FolderCache {
  /** What the folder holds, as far as this process knows. */
  private bytes?: Promise<number>

  /**
   * @param folder made when it is first written to
   * @param limitBytes 0: nothing is kept
   */
  constructor(
    readonly folder: string,
    private readonly limitBytes: number,
  ) {}

  /** @param key a path inside the folder, of letters, digits, `-`, `.` and `/` */
  async read(key: string): Promise<Uint8Array | undefined> {
    const file = join(this.folder, key)
    try {
      const bytes = await readFile(file)
      const content = bytes.subarray(HEADER)
      if (!digestOf(content).equals(bytes.subarray(0, HEADER))) {
        await rm(file, { force: true })
        return undefined
      }
      await markUsed(file)
      return content
    } catch {
      return undefined
    }
  }

  /** Whether there is something; only `read` tells if it is whole. */
  async has(key: string): Promise<boolean> {
    return access(join(this.folder, key)).then(
      () => true,
      () => false,
    )
  }

  async write(key: string, content: Uint8Array): Promise<void> {
    const size = HEADER + content.length
    if (size > this.limitBytes) return
    const file = join(this.folder, key)
    const temporary = `${file}.${randomUUID()}`
    try {
      await mkdir(dirname(file), { recursive: true })
      await writeFile(temporary, Buffer.concat([digestOf(content), content]))
      await rename(temporary, file)
      await this.makeRoom(size)
    } catch {
      await rm(temporary, { force: true }).catch(() => undefined)
    }
  }

  private async makeRoom(added: number): Promise<void> {
    const before = this.bytes
    this.bytes = before
      ? before.then((bytes) =>
          bytes + added > this.limitBytes ? pruneFolder(this.folder, this.limitBytes) : bytes + added,
        )
      : pruneFolder(this.folder, this.limitBytes)
    await this.bytes
  }
}

/** Bytes of the digest before the content. */
const HEADER = 16

const digestOf = (content: Uint8Array): Buffer =>
  createHash('sha256').update(content).digest().subarray(0, HEADER)

/** An hour tells well enough what is in use from what is not. */
const recent = 3_600_000

async function markUsed(file: string): Promise<void> {
  const now = Date.now()
  const { mtimeMs } = await stat(file)
  if (now - mtimeMs > recent) await utimes(file, now / 1000, now / 1000)
}
