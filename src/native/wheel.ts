import { createHash } from 'node:crypto'
import { createWriteStream, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { openPromise, type Entry, type ZipFile } from 'yauzl'
import { lacking } from './errors'

/** Which entries are taken out of a wheel, and where they go below the target folder. Undefined: left in. */
export type Choose = (name: string) => string | undefined

/** A wheel (a zip) that is read in pieces; never unpacked as a whole. */
export class Wheel {
  private constructor(
    readonly file: string,
    private readonly zip: ZipFile,
    private readonly entries: ReadonlyMap<string, Entry>,
  ) {}

  /** @throws UserError when the file is no whole zip */
  static async open(file: string): Promise<Wheel> {
    let zip: ZipFile | undefined
    try {
      zip = await openPromise(file, { lazyEntries: true, autoClose: false })
      const entries = new Map<string, Entry>()
      for await (const entry of zip.eachEntry()) entries.set(entry.fileName, entry)
      return new Wheel(file, zip, entries)
    } catch (error) {
      zip?.close()
      const { code, message } = error as NodeJS.ErrnoException
      if (code === 'ENOENT') throw lacking(`${file}: there is no such file; give the path of a wheel (.whl)`)
      throw lacking(
        `${file} is no whole wheel (${message}); a download that broke off looks like this: fetch it again`,
      )
    }
  }

  close(): void {
    this.zip.close()
  }

  names(): string[] {
    return [...this.entries.keys()]
  }

  /** A file of the `.dist-info` folder; undefined where there is none. */
  async info(name: 'METADATA' | 'RECORD' | 'WHEEL'): Promise<string | undefined> {
    const pattern = new RegExp(`^[^/]+\\.dist-info/${name}$`)
    const entry = [...this.entries.values()].find(({ fileName }) => pattern.test(fileName))
    if (!entry) return undefined
    const parts: Buffer[] = []
    for await (const part of await this.zip.openReadStreamPromise(entry)) parts.push(part as Buffer)
    return Buffer.concat(parts).toString('utf8')
  }

  /** Unpacked size in bytes of what `choose` takes. */
  bytes(choose: Choose): number {
    return this.chosen(choose).reduce((sum, [entry]) => sum + entry.uncompressedSize, 0)
  }

  /**
   * Streams what `choose` takes into the folder, each file checked against the wheel's own list of hashes.
   * @param progress gets the unpacked bytes written so far
   * @throws UserError for a file that is not what the list says
   */
  async extract(choose: Choose, folder: string, progress: (bytes: number) => void = () => {}): Promise<void> {
    const hashes = readRecord((await this.info('RECORD')) ?? '')
    let written = 0
    for (const [entry, path] of this.chosen(choose)) {
      const target = join(folder, path)
      mkdirSync(dirname(target), { recursive: true })
      const hash = createHash('sha256')
      const count = new Transform({
        transform(chunk: Buffer, _, done) {
          hash.update(chunk)
          written += chunk.length
          progress(written)
          done(null, chunk)
        },
      })
      // zip keeps the mode in the upper half; what was executable stays so
      const mode = (entry.externalFileAttributes >>> 16) & 0o111 ? 0o755 : 0o644
      try {
        await pipeline(
          await this.zip.openReadStreamPromise(entry),
          count,
          createWriteStream(target, { mode }),
        )
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException
        if (code?.startsWith('E') && !code.startsWith('ERR_')) throw error
        throw lacking(
          `${this.file}: ${entry.fileName} cannot be unpacked (${message}); fetch the wheel again`,
        )
      }
      if (hash.digest('base64url') !== hashes.get(entry.fileName))
        throw lacking(
          `${this.file}: ${entry.fileName} is not what the wheel's list of hashes says; fetch the wheel again`,
        )
    }
  }

  private chosen(choose: Choose): [Entry, string][] {
    return [...this.entries.values()].flatMap((entry) => {
      const path = entry.fileName.endsWith('/') ? undefined : choose(entry.fileName)
      return path === undefined ? [] : [[entry, path] as [Entry, string]]
    })
  }
}

/** sha256 by file name, from lines `name,sha256=HASH,size`; names with a comma are quoted. */
function readRecord(text: string): Map<string, string> {
  const lines = text.matchAll(/^(?:"((?:[^"]|"")+)"|([^,"\r\n]+)),sha256=([\w-]+)/gm)
  return new Map(
    [...lines].map(([, quoted, plain, hash]) => [quoted?.replaceAll('""', '"') ?? plain!, hash!]),
  )
}

/** The fields of a METADATA file that are read: headers before the first empty line. */
export function readMetadata(text: string): { name: string; version: string; requires: string[] } {
  const lines = (text.split(/\r?\n\r?\n/)[0] ?? '').split(/\r?\n/)
  const all = (field: string) =>
    lines.filter((line) => line.startsWith(`${field}: `)).map((line) => line.slice(field.length + 2).trim())
  return {
    name: (all('Name')[0] ?? '').toLowerCase().replace(/[-_.]+/g, '-'),
    version: all('Version')[0] ?? '',
    requires: all('Requires-Dist'),
  }
}
