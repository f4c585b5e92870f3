import { z } from 'zod'
import { jsonSchema, type StrategyOptions } from '../spec'
import { jsonCellSchema } from './api/jsonCell'

type Schema = Record<string, unknown> & { properties: Record<string, object> }

/**
 * What a cell of run-file JSON may hold: fields of a run file, and what is done with its session beside them. The
 * fields of a run file are those of `thaw.schema.json` in the same folder.
 */
export function cellJsonSchema(strategies: readonly StrategyOptions[]): object {
  const file = jsonSchema(strategies) as Schema
  const own = z.toJSONSchema(jsonCellSchema, { io: 'input', unrepresentable: 'any' }) as Schema
  const there = (field: string) => ({ $ref: `./thaw.schema.json#/properties/${field}` })
  const fields = Object.keys(file.properties).filter((field) => field !== '$schema')
  return {
    $schema: file.$schema,
    title: 'A notebook cell without code',
    allowComments: true,
    allowTrailingCommas: true,
    type: 'object',
    properties: {
      ...own.properties,
      ...Object.fromEntries(fields.map((field) => [field, there(field)])),
      // a list of phases where a session begins, a list of names where one goes on
      freeze: { anyOf: [own.properties.freeze, there('freeze')] },
    },
    additionalProperties: false,
  }
}
