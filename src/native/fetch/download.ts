import { createHash } from 'node:crypto'
import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'
import { lacking, offline } from '../errors'

export interface Download {
  folder: string
  file: string
  /** Hexadecimal. */
  sha256: string
  bytes?: number
  progress: (done: number, total?: number) => void
}

/**
 * Fetches a file that can be gone on with: bytes go to FILE.part, and the next try asks for the rest.
 * @returns the path of the file, once its hash is right
 * @throws UserError where the network breaks off (what came stays) or where the hash is wrong (it is removed)
 */
export async function downloadFile(url: URL, download: Download): Promise<string> {
  const { folder, file, sha256, progress } = download
  mkdirSync(folder, { recursive: true })
  const path = join(folder, file)
  if (existsSync(path) && (await hashOf(path)) === sha256) return path
  const part = `${path}.part`
  const had = existsSync(part) ? statSync(part).size : 0
  const headers: Record<string, string> = had > 0 ? { range: `bytes=${had}-` } : {}
  const response = await send(url, { headers }, file)
  // 416: all of it is there already; a server that knows no ranges sends everything again
  const goesOn = response.status === 206 && response.headers.get('content-range')?.startsWith(`bytes ${had}-`)
  if (response.status !== 416) {
    if (!response.ok || !response.body)
      throw lacking(`${url.host} answered ${response.status} for ${file}; try again, or ${offline(file)}`)
    let done = goesOn ? had : 0
    const total = download.bytes ?? (Number(response.headers.get('content-length')) + done || undefined)
    const source = Readable.fromWeb(response.body as ReadableStream<Uint8Array>)
    source.on('data', (chunk: Uint8Array) => progress((done += chunk.length), total))
    try {
      await pipeline(source, createWriteStream(part, { flags: goesOn ? 'a' : 'w' }))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOSPC') throw error
      throw lacking(
        `the download of ${file} broke off after ${Math.round(done / 1e6)} MB (${causeOf(error)}); run the command again, it goes on from there`,
      )
    }
  }
  if ((await hashOf(part)) !== sha256) {
    rmSync(part, { force: true })
    throw lacking(
      `${file} is not what the index says (its sha256 differs); it was removed, run the command again`,
    )
  }
  renameSync(part, path)
  return path
}

/** Hexadecimal sha256 of a file, read as a stream. */
export async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 })) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

/** As fetch, which takes no user name in an address. @throws UserError where nothing answers */
export async function send(
  url: URL,
  { headers }: { headers: Record<string, string> },
  wanted: string,
): Promise<Response> {
  const bare = new URL(url)
  bare.username = bare.password = ''
  const secret = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
  const authorization = { authorization: `Basic ${Buffer.from(secret).toString('base64')}` }
  try {
    return await fetch(bare, { headers: { ...headers, ...(secret !== ':' && authorization) } })
  } catch (error) {
    throw lacking(`${url.host} cannot be reached (${causeOf(error)}); ${offline(wanted)}`)
  }
}

function causeOf(error: unknown): string {
  const { message, cause } = error as Error
  return cause instanceof Error ? cause.message : message
}
