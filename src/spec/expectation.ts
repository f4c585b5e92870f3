import type { JsonSchema } from './jsonSchema'
import type { Path } from './source'

/** The schema node a path leads to; through unions, the first branch that knows the next field. */
export function schemaAt(schema: JsonSchema, path: Path, root = schema): JsonSchema | undefined {
  const [segment, ...rest] = path
  if (segment === undefined) return schema
  for (const branch of [schema, ...(schema.anyOf ?? [])]) {
    const next =
      typeof segment === 'string' && branch.properties && Object.hasOwn(branch.properties, segment)
        ? branch.properties[segment]
        : typeof segment === 'string' && typeof branch.additionalProperties === 'object'
          ? branch.additionalProperties
          : typeof segment === 'number'
            ? itemOf(branch, segment)
            : undefined
    const found = next && schemaAt(referred(next, root), rest, root)
    if (found) return found
  }
  return undefined
}

/** What `$ref` names among the definitions, with the node's own description. */
function referred(node: JsonSchema, root: JsonSchema): JsonSchema {
  const name = /^#\/definitions\/(.+)$/.exec(node.$ref ?? '')?.[1]
  return name === undefined ? node : { ...root.definitions?.[name], ...node }
}

function itemOf(schema: JsonSchema, index: number): JsonSchema | undefined {
  return Array.isArray(schema.items) ? schema.items[index] : schema.items
}

/** What a schema takes, in words: `a whole number from 1 to 4096`. */
export function expectation(schema: JsonSchema): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.enum) return oneOf(schema.enum.map((value) => JSON.stringify(value)))
  if (schema.anyOf) return oneOf([...new Set(schema.anyOf.map(expectation))])
  switch (schema.type) {
    case 'integer':
      return `a whole number${range(schema)}`
    case 'number':
      return `a number${range(schema)}`
    case 'boolean':
      return 'true or false'
    case 'string':
      return schema.maxLength ? `a text of at most ${schema.maxLength} characters` : 'a text'
    case 'array':
      return `a list${lengths(schema)}`
    case 'object':
      return objectWords(schema)
    default:
      return 'another value'
  }
}

function objectWords(schema: JsonSchema): string {
  const names = Object.keys(schema.properties ?? {})
  const shown = names.slice(0, 3).map((name) => `${JSON.stringify(name)}: …`)
  return `{${shown.join(', ')}${names.length > 3 ? ', …' : ''}}`
}

/** What kind of value a schema takes, without its limits. */
export function kindOf(schema: JsonSchema | undefined): string {
  if (!schema || schema.const !== undefined || schema.enum || schema.anyOf) return 'allowed here'
  return KINDS[schema.type ?? ''] ?? 'allowed here'
}

const KINDS: Record<string, string> = {
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  string: 'a text',
  array: 'a list',
  object: 'an object',
}

function range(schema: JsonSchema): string {
  const safe = Number.MAX_SAFE_INTEGER
  const { exclusiveMinimum: over, exclusiveMaximum: under } = schema
  const low = schema.minimum !== undefined && schema.minimum > -safe ? schema.minimum : undefined
  const high = schema.maximum !== undefined && schema.maximum < safe ? schema.maximum : undefined
  if (low !== undefined && high !== undefined) return ` from ${low} to ${high}`
  const parts = []
  if (over !== undefined) parts.push(`above ${over}`)
  if (low !== undefined)
    parts.push(high === undefined && under === undefined ? `of at least ${low}` : `from ${low}`)
  if (under !== undefined) parts.push(`below ${under}`)
  if (high !== undefined) parts.push(`of at most ${high}`)
  return parts.length > 0 ? ` ${parts.join(' and ')}` : ''
}

function lengths({ minItems: low, maxItems: high }: JsonSchema): string {
  if (low !== undefined && low === high) return ` of ${low} values`
  if (low) return ` of at least ${low} value${low === 1 ? '' : 's'}`
  return high === undefined ? '' : ` of at most ${high} values`
}

function oneOf(words: string[]): string {
  return words.length < 2 ? (words[0] ?? 'nothing') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
}
