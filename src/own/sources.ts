import { createHash } from 'node:crypto'
import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, extname, join, posix, relative, sep } from 'node:path'
import { transform } from 'sucrase'
import { UserError } from '../spec/types'

/** A strategy's file with what it imports from its own folder. */
export interface Sources {
  /** Name of the file that holds the strategy. */
  entry: string
  /** TypeScript by path relative to the entry's folder, with `/`. */
  files: Record<string, string>
  /** sha256 over names and texts, hex. */
  hash: string
}

/** A script is text of a person; more is a mistake. */
const MAX_BYTES = 1e6

const ENDINGS = ['', '.ts', '.js', '.mts', '.mjs', '.cts', '.cjs', '/index.ts', '/index.js']

export const hashOf = (files: Record<string, string>): string => {
  const hash = createHash('sha256')
  for (const name of Object.keys(files).sort()) hash.update(`${name}\0${files[name]!}\0`)
  return hash.digest('hex')
}

/**
 * Reads a strategy's file and all that it imports by relative paths.
 * @param path of the file
 * @throws UserError when one is missing, too large, not a script, or lies outside of the entry's folder
 */
export function readSources(path: string): Sources {
  const folder = dirname(path)
  const files: Record<string, string> = {}
  const waiting = [basename(path)]
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (files[name] !== undefined) continue
    const text = readText(join(folder, name), name)
    files[name] = text
    for (const wanted of importsOf(name, text)) waiting.push(locate(folder, name, wanted))
  }
  return { entry: basename(path), files, hash: hashOf(files) }
}

function readText(path: string, name: string): string {
  if (!existsSync(path) || !statSync(path).isFile())
    throw new UserError(`${name}: there is no such file; \`thaw new strategy NAME\` writes one`)
  if (statSync(path).size > MAX_BYTES)
    throw new UserError(`${name}: the file has more than 1 MB; a strategy is a script, keep data elsewhere`)
  return readFileSync(path, 'utf8')
}

/** JavaScript that `require`s. Lines stay where they are, so that errors name the file's own. @throws UserError */
export function compile(name: string, text: string): string {
  try {
    return transform(text, { transforms: ['typescript', 'imports'], disableESTransforms: true }).code
  } catch (error) {
    const { message, loc } = error as Error & { loc?: { line: number; column: number } }
    const place = loc ? `${name}:${loc.line}:${loc.column + 1}` : name
    throw new UserError(
      `${place}: this is not TypeScript (${message.replace(/^.*?: | \(\d+:\d+\)$/g, '')}); mend it`,
    )
  }
}

function importsOf(name: string, text: string): string[] {
  return [...compile(name, text).matchAll(/require\(\s*'(\.[^']*)'\s*\)/g)].map(([, wanted]) => wanted!)
}

/** Path of an import, relative to the folder. @throws UserError */
function locate(folder: string, from: string, wanted: string): string {
  const plain = posix.join(posix.dirname(from), wanted)
  const found = ENDINGS.map((ending) => plain + ending).find((candidate) => isFile(join(folder, candidate)))
  if (!found)
    throw new UserError(`${from}: it imports "${wanted}", and there is no such file; correct the path`)
  const inside = relative(realpathSync(folder), realpathSync(join(folder, found)))
  if (inside.startsWith('..') || extname(found) === '')
    throw new UserError(
      `${from}: it imports "${wanted}" from outside of its folder; a run keeps a copy of a strategy's folder, so put the file there`,
    )
  return found.split(sep).join('/')
}

const isFile = (path: string): boolean => existsSync(path) && statSync(path).isFile()

/** The file that an import of a stored file means. */
export function resolveStored({ files }: Sources, from: string, wanted: string): string | undefined {
  const plain = posix.join(posix.dirname(from), wanted)
  return ENDINGS.map((ending) => plain + ending).find((candidate) => files[candidate] !== undefined)
}
