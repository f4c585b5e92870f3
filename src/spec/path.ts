import type { Path } from './source'

/** `['train', 'actions', 2, 'at']` to `train.actions[2].at`. */
export function printPath(path: Path): string {
  let out = ''
  for (const segment of path) {
    if (typeof segment === 'number') out += `[${segment}]`
    else if (!/^[\w$-]+$/.test(segment)) out += `[${JSON.stringify(segment)}]`
    else out += out === '' ? segment : `.${segment}`
  }
  return out
}

/** Inverse of `printPath`; `a.2.b` is read like `a[2].b`. Undefined when it is no path. */
export function readPath(text: string): (string | number)[] | undefined {
  const path: (string | number)[] = []
  const token = /\.?([\w$-]+)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]/y
  while (token.lastIndex < text.length) {
    const match = token.exec(text)
    if (!match) return undefined
    if (match[2] !== undefined) path.push(Number(match[2]))
    else if (match[3] !== undefined) {
      try {
        path.push(JSON.parse(match[3]) as string)
      } catch {
        return undefined
      }
    } else path.push(/^\d+$/.test(match[1]!) ? Number(match[1]) : match[1]!)
  }
  return path.length > 0 ? path : undefined
}
