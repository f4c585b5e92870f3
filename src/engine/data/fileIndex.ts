import { createHash } from 'node:crypto'
import { mkdir, readFile, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import writeFileAtomic from 'write-file-atomic'
import type { FindingCode } from './types'

/** What was once found out about a file's content. */
export interface FileFacts {
  sha256: string
  width: number
  height: number
  format: string
  /** Hash of the picture at 32 px; empty for a picture of one colour, which says nothing about being the same. */
  pixels: string
  /** Instead of all that: why the file is no usable image. */
  problem?: { code: FindingCode; message: string }
}

interface Entry<F> {
  stamp: string
  facts: F
}

/** Raised when facts are found out in another way. */
const version = 1

/**
 * Facts by path, good as long as size, inode and times of the file stay as they were, so that a second start opens
 * no image. Without a folder it lives in memory only. A damaged index counts as none.
 */
export class FileIndex<F extends { sha256: string } = FileFacts> {
  private entries = new Map<string, Entry<F>>()
  private readonly file?: string
  private changed = false
  private loading?: Promise<void>

  /** @param kind tells apart indexes of other facts about the same files */
  constructor(
    private readonly root: string,
    cache?: string,
    kind = '',
  ) {
    const name = createHash('sha256').update(root).digest('hex').slice(0, 24)
    if (cache) this.file = join(cache, 'index', `${name}${kind}.json`)
  }

  /** Known facts, or what `find` finds out now. */
  async facts(path: string, find: (file: string) => Promise<F>): Promise<F> {
    await (this.loading ??= this.load())
    const file = resolve(this.root, path)
    const stamp = await stampOf(file)
    const known = this.entries.get(path)
    if (known && stamp !== '' && known.stamp === stamp) return known.facts
    const facts = await find(file)
    // A file that was written to meanwhile is looked at again next time.
    if (stamp !== '' && (await stampOf(file)) === stamp) {
      this.entries.set(path, { stamp, facts })
      this.changed = true
    }
    return facts
  }

  /** Writes what is new; a full or read-only disk only costs the time of finding out again. */
  async save(): Promise<void> {
    if (!this.file || !this.changed) return
    try {
      await mkdir(dirname(this.file), { recursive: true })
      await writeFileAtomic(
        this.file,
        JSON.stringify({ version, root: this.root, entries: [...this.entries] }),
      )
      this.changed = false
    } catch {
      // slower next time, nothing else
    }
  }

  private async load(): Promise<void> {
    if (!this.file) return
    try {
      const saved = JSON.parse(await readFile(this.file, 'utf8')) as {
        version: number
        root: string
        entries: unknown
      }
      if (saved.version === version && saved.root === this.root && Array.isArray(saved.entries))
        this.entries = new Map((saved.entries as [string, Entry<F>][]).filter(isEntry))
    } catch {
      // none yet, or damaged
    }
  }
}

function isEntry([path, entry]: [string, Entry<{ sha256: string }>]): boolean {
  return (
    typeof path === 'string' && typeof entry?.stamp === 'string' && typeof entry.facts?.sha256 === 'string'
  )
}

/** '' where the file cannot be looked at. */
async function stampOf(file: string): Promise<string> {
  try {
    const { size, mtimeNs, ctimeNs, ino } = await stat(file, { bigint: true })
    return `${size} ${mtimeNs} ${ctimeNs} ${ino}`
  } catch {
    return ''
  }
}
