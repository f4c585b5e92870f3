import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { format } from 'prettier'
import { expect, it } from 'vitest'
import { catalog } from '../../../src/engine/strategies/catalog'
import { cellJsonSchema } from '../../../src/notebook/cellSchema'

const file = join(import.meta.dirname, '../../../media/schema/cell.schema.json')

it('media/schema/cell.schema.json is what the sources say (UPDATE=1 writes it)', async () => {
  const text = await format(JSON.stringify(cellJsonSchema(catalog)), { parser: 'json', printWidth: 110 })
  if (process.env.UPDATE) writeFileSync(file, text)
  expect(readFileSync(file, 'utf8')).toBe(text)
})

it('has what a cell does beside the fields of a run file', () => {
  const { properties } = cellJsonSchema(catalog) as { properties: Record<string, { anyOf?: object[] }> }
  expect(Object.keys(properties)).toEqual(
    expect.arrayContaining(['strategy', 'train', 'take', 'show', 'fork', 'compare', 'save']),
  )
  expect(properties.freeze!.anyOf).toHaveLength(2)
})
