import { z } from 'zod'
import { createRunFileSchema } from './schema'
import { dimensionSchema, fixedReason } from './tune'

/** What spec needs to know of a strategy; any `StrategyMeta` fits. */
export interface StrategyOptions {
  name: string
  options: z.ZodObject
  title?: string
  summary?: string
}

/** A JSON schema node, as far as it is read here. */
export interface JsonSchema {
  type?: string
  description?: string
  default?: unknown
  const?: unknown
  enum?: unknown[]
  anyOf?: JsonSchema[]
  properties?: Record<string, JsonSchema>
  additionalProperties?: boolean | JsonSchema
  required?: string[]
  items?: JsonSchema | JsonSchema[]
  minimum?: number
  maximum?: number
  exclusiveMinimum?: number
  exclusiveMaximum?: number
  minItems?: number
  maxItems?: number
  minLength?: number
  maxLength?: number
  $ref?: string
  definitions?: Record<string, JsonSchema>
  [key: string]: unknown
}

export const DEFAULT_STRATEGY = 'full'

const whole = new WeakMap<readonly StrategyOptions[], JsonSchema>()

/** A file of the user's, whose options only the file knows. */
const file = { type: 'string', pattern: '^\\.{1,2}/.+\\.[cm]?[jt]s$', description: 'A strategy of your own' }
const ownFile: JsonSchema[] = [
  file,
  { type: 'object', title: 'A strategy of your own', properties: { name: file }, required: ['name'] },
]

/** JSON schema (draft 7, which editors read best) of run files with these strategies. Not to be changed. */
export function jsonSchema(strategies: readonly StrategyOptions[]): JsonSchema {
  const known = whole.get(strategies)
  if (known) return known
  const schema = createJsonSchema(strategies)
  whole.set(strategies, schema)
  return schema
}

function createJsonSchema(strategies: readonly StrategyOptions[]): JsonSchema {
  const schema = toJson(createRunFileSchema(z.unknown().optional()))
  const named = strategies.map((strategy) => {
    const options = toJson(strategy.options)
    return {
      type: 'object',
      title: strategy.title ?? strategy.name,
      ...(strategy.summary && { description: strategy.summary }),
      properties: {
        name: { type: 'string', const: strategy.name, description: strategy.summary },
        ...options.properties,
      },
      required: ['name'],
      additionalProperties: false,
    }
  })
  const names = {
    type: 'string',
    enum: strategies.map((strategy) => strategy.name),
    enumDescriptions: strategies.map((strategy) => strategy.summary ?? strategy.title ?? strategy.name),
  }
  schema.properties!.strategy = {
    description: 'How the network is fine-tuned: a name, or an object with `name` and options',
    default: DEFAULT_STRATEGY,
    anyOf: [names, ...named, ...ownFile],
  }
  delete schema.required
  offerSpace(schema)
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Thaw run file',
    allowComments: true,
    allowTrailingCommas: true,
    ...schema,
  }
}

/** Editors offer every field that can be tuned as a name in `tune.space`. */
function offerSpace(schema: JsonSchema): void {
  const space = schema.properties!.tune!.properties!.space!
  schema.definitions = { dimension: toJson(dimensionSchema) }
  const dimension = { $ref: '#/definitions/dimension' }
  space.additionalProperties = dimension
  space.properties = Object.fromEntries(
    [...fieldsOf(schema)]
      .filter(([path]) => fixedReason(path) === undefined)
      .map(([path, description]) => [path, { ...(description && { description }), ...dimension }]),
  )
}

/** Fields that hold a value and not further fields, with what they say, by dotted path. */
function fieldsOf(schema: JsonSchema, path = '', found = new Map<string, string | undefined>()) {
  const branches = [schema, ...(schema.anyOf ?? [])]
  const nested = branches.filter(({ properties }) => properties)
  if (path !== '' && (nested.length === 0 || nested.length < branches.length - 1))
    if (!found.has(path)) found.set(path, schema.description)
  for (const branch of nested)
    for (const [name, child] of Object.entries(branch.properties!))
      if (!(path === 'strategy' && name === 'name'))
        fieldsOf(child, path === '' ? name : `${path}.${name}`, found)
  return found
}

const cache = new WeakMap<z.ZodType, JsonSchema>()

/** JSON schema of what a user may write for a zod type. */
export function toJson(type: z.ZodType): JsonSchema {
  let schema = cache.get(type)
  if (!schema) {
    schema = z.toJSONSchema(type, { io: 'input', target: 'draft-7', unrepresentable: 'any' }) as JsonSchema
    delete schema.$schema
    cache.set(type, schema)
  }
  return structuredClone(schema)
}
