import { readFileSync, rmSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'

/** The small addon beside TensorFlow's: `capture(path)` leads descriptor 2 into a file, `release()` back. */
interface StderrAddon {
  capture(path: string): void
  release(): void
}

export interface Heard<T> {
  value: T
  /** What was written to stderr meanwhile. */
  text: string
}

/** What a failed call had written to stderr, kept with its error. */
export class LoadError extends Error {
  override readonly name = 'LoadError'
  constructor(
    cause: unknown,
    readonly text: string,
  ) {
    super(cause instanceof Error ? cause.message : String(cause), { cause })
  }
}

/**
 * Runs `work` with this process's stderr led into a file: TensorFlow writes lines there before its log level counts.
 * The text is returned, and thrown with an error. A crash of the process leaves the file, whose name begins with
 * `thaw-native-`, in the folder for temporary files.
 * @param addon path of the small addon
 * @throws LoadError what `work` throws, with the text
 */
export function quietly<T>(addon: string, work: () => T): Heard<T> {
  const module = { exports: {} as StderrAddon }
  process.dlopen(module, addon, constants.dlopen.RTLD_NOW)
  const { capture, release } = module.exports
  const file = join(tmpdir(), `thaw-native-${process.pid}.log`)
  const heard = () => {
    release()
    const text = readFileSync(file, 'utf8')
    rmSync(file, { force: true })
    return text
  }
  capture(file)
  try {
    const value = work()
    return { value, text: heard() }
  } catch (error) {
    throw new LoadError(error, heard())
  }
}
