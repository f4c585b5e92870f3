import type { AuditFinding, FindingCode } from './types'

/** A file name for a message: quoted, control characters escaped, shortened. */
export function quoted(path: string): string {
  const text = path.length > 120 ? `…${path.slice(-119)}` : path
  return JSON.stringify(text)
}

/** `"a", "b", "c" and 4 more`. */
export function listed(paths: readonly string[], shown = 3): string {
  const first = paths.slice(0, shown).map(quoted)
  const rest = paths.length - first.length
  if (rest > 0) return `${first.join(', ')} and ${rest} more`
  return first.length > 1 ? `${first.slice(0, -1).join(', ')} and ${first.at(-1)}` : (first[0] ?? '')
}

export const counted = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`

export const warning = (code: FindingCode, message: string, paths: string[] = []): AuditFinding => ({
  severity: 'warning',
  code,
  message,
  paths,
})

export const failure = (code: FindingCode, message: string, paths: string[] = []): AuditFinding => ({
  severity: 'error',
  code,
  message,
  paths,
})
