import type { z } from 'zod'
import { expectation, kindOf, schemaAt } from './expectation'
import type { JsonSchema } from './jsonSchema'
import type { Path } from './source'
import { suggest } from './suggest'

type Issue = z.core.$ZodIssue

/** A fault as zod found it, in words; `at` is where it lies, `key` when the fault is the field's name. */
export interface Fault {
  at: Path
  key?: boolean
  message: string
  hint: string
}

/** Puts zod's issues into words: what is wrong, and from the schema what to write instead. */
export function explainIssues(issues: readonly Issue[], value: unknown, schema: JsonSchema): Fault[] {
  return issues.flatMap((issue) => explain(issue, [], value, schema))
}

function explain(issue: Issue, above: Path, value: unknown, schema: JsonSchema): Fault[] {
  const at: Path = [...above, ...issue.path.map((part) => (typeof part === 'number' ? part : String(part)))]
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ at: [...at, key], key: true, ...unknownField(key, at, schema) }))
  }
  if (issue.code === 'invalid_union') {
    const branch = branchThatWasMeant(issue.errors, at, value)
    if (branch) return branch.flatMap((inner) => explain(inner, at, value, schema))
  }
  const expected = schemaAt(schema, at)
  const given = valueAt(value, at)
  if (given === undefined) return [{ at, message: 'missing', hint: advice(expected, given) }]
  if (issue.code === 'custom' && issue.message) {
    const [message, hint] = issue.message.split('; ')
    return [{ at, message: message!, hint: hint ?? advice(expected, given) }]
  }
  return [{ at, message: fault(issue, expected, given), hint: advice(expected, given) }]
}

function fault(issue: Issue, expected: JsonSchema | undefined, given: unknown): string {
  if (given === Infinity || given === -Infinity) return 'too large a number'
  if (issue.code === 'too_small' || issue.code === 'too_big') {
    const low = issue.code === 'too_small'
    if (typeof given === 'string')
      return low && given === '' ? 'an empty text' : `a text of ${given.length} characters`
    if (Array.isArray(given)) return given.length === 0 ? 'an empty list' : `a list of ${given.length}`
    const limit = (low ? expected?.minimum : expected?.maximum) ?? (low ? issue.minimum : issue.maximum)
    if (issue.inclusive === false) return `${print(given)} is not ${low ? 'above' : 'below'} ${limit}`
    return `${print(given)} is ${low ? 'below' : 'above'} ${limit}`
  }
  return `${print(given)} is not ${kindOf(expected)}`
}

/** The branch of a union whose faults lie inside it, not in its kind; a misspelt field also makes another one missing. */
function branchThatWasMeant(
  branches: readonly (readonly Issue[])[],
  at: Path,
  value: unknown,
): readonly Issue[] | undefined {
  const isMissing = (issue: Issue) =>
    issue.code !== 'unrecognized_keys' && valueAt(value, [...at, ...(issue.path as Path)]) === undefined
  const score = (issue: Issue) => {
    if (issue.code === 'unrecognized_keys' || isMissing(issue)) return 10
    return issue.path.length === 0 ? 1000 : 1
  }
  const scored = branches.map((issues) => ({
    issues,
    total: issues.reduce((sum, issue) => sum + score(issue), 0),
  }))
  const best = scored.filter(({ total }) => total > 0 && total < 1000).sort((a, b) => a.total - b.total)[0]
  const misspelt = best?.issues.filter((issue) => issue.code === 'unrecognized_keys')
  return misspelt?.length ? misspelt : best?.issues
}

function unknownField(key: string, at: Path, schema: JsonSchema): { message: string; hint: string } {
  const known = namesAt(schemaAt(schema, at))
  const message = `unknown field ${print(key)}`
  const near = suggest(key, known)
  if (near) return { message, hint: `did you mean ${JSON.stringify(near)}?` }
  const homes = homesOf(schema, key)
  if (homes[0]) return { message, hint: `it belongs in \`${homes[0]}\`` }
  return { message, hint: known.length > 0 ? `write one of ${known.join(', ')}` : 'remove it' }
}

function namesAt(schema: JsonSchema | undefined): string[] {
  return schema
    ? [schema, ...(schema.anyOf ?? [])].flatMap((branch) => Object.keys(branch.properties ?? {}))
    : []
}

/** Where else a field of this name lives, as dotted paths of its object. */
function homesOf(schema: JsonSchema, key: string, path = ''): string[] {
  return [schema, ...(schema.anyOf ?? [])].flatMap((branch) =>
    Object.entries(branch.properties ?? {}).flatMap(([name, child]) => [
      ...(name === key && path !== '' ? [path] : []),
      ...homesOf(child, key, path === '' ? name : `${path}.${name}`),
    ]),
  )
}

function advice(expected: JsonSchema | undefined, given: unknown): string {
  if (!expected) return 'remove it'
  const names = (expected.enum ?? expected.anyOf?.map((branch) => branch.const) ?? []).filter(
    (name) => typeof name === 'string',
  )
  const near = typeof given === 'string' ? suggest(given, names) : undefined
  if (near) return `did you mean ${JSON.stringify(near)}?`
  const simple = expected.default !== undefined && typeof expected.default !== 'object'
  const example = simple && !expected.enum ? `, for example ${JSON.stringify(expected.default)}` : ''
  const about = expected.description ? ` (${lowerFirst(expected.description)})` : ''
  return `write ${expectation(expected)}${example}${about}`
}

function lowerFirst(text: string): string {
  return /^[A-Z][a-z]/.test(text) ? text[0]!.toLowerCase() + text.slice(1) : text
}

function valueAt(value: unknown, path: Path): unknown {
  let current = value
  for (const segment of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, segment)) return undefined
    current = (current as Record<string | number, unknown>)[segment]
  }
  return current
}

/** A value as the user wrote it, shortened. */
export function print(value: unknown): string {
  if (typeof value === 'number') return String(value)
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (typeof value === 'object' && value !== null) return 'an object'
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 60 ? `${text.slice(0, 57)}…"` : text
}
