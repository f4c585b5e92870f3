import { open, stat } from 'node:fs/promises'
import { UserError } from '../../spec/types'

/** Bytes that are read in slices, so that a file of any size costs only what is asked of it. */
export interface ByteSource {
  /** For messages. */
  name: string
  size: number
  /** @throws UserError when the range lies outside */
  read(from: number, to: number): Promise<Uint8Array>
  close(): Promise<void>
}

export function bytesSource(bytes: Uint8Array, name: string): ByteSource {
  return {
    name,
    size: bytes.byteLength,
    read: (from, to) => Promise.resolve(bytes.subarray(from, to)),
    close: () => Promise.resolve(),
  }
}

/** @throws UserError when there is no such file or it cannot be read */
export async function fileSource(path: string, name = path): Promise<ByteSource> {
  const info = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw fileError(error, name)
  })
  if (!info.isFile()) throw new UserError(`${name} is not a file`)
  const handle = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    throw fileError(error, name)
  })
  return {
    name,
    size: info.size,
    async read(from, to) {
      const bytes = new Uint8Array(to - from)
      let done = 0
      while (done < bytes.length) {
        const { bytesRead } = await handle.read(bytes, done, bytes.length - done, from + done)
        if (bytesRead === 0) throw new UserError(`${name} ended at byte ${from + done} while it was read`)
        done += bytesRead
      }
      return bytes
    },
    close: () => handle.close(),
  }
}

/** What a failed file access means to whoever named the file. */
export function fileError(error: NodeJS.ErrnoException, name: string): UserError {
  if (error.code === 'ENOENT') return new UserError(`there is no file ${name}`)
  if (error.code === 'EACCES' || error.code === 'EPERM')
    return new UserError(`${name} may not be read; look at its permissions`)
  if (error.code === 'ELOOP') return new UserError(`${name} is a loop of symbolic links`)
  return new UserError(`${name} cannot be read (${error.code ?? error.message})`)
}
