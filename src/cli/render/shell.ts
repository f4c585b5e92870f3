import { basename, dirname, relative, resolve } from 'node:path'

/** A word as it can be typed into a shell: in quotes where it has more than plain characters. */
export function shellWord(word: string): string {
  return /^[\w./:@%+=,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}

/** How a run is named in a command that is to be typed next: its id where that finds it, else its path. */
export function runWord(folder: string, cwd: string): string {
  if (dirname(folder) === resolve(cwd, '.thaw/runs')) return basename(folder)
  const path = relative(cwd, folder)
  // with a slash it is taken for a path
  return shellWord(path.includes('/') || path.includes('\\') ? path : `./${path}`)
}
