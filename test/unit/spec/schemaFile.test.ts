import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { format } from 'prettier'
import { expect, test } from 'vitest'
import { catalog } from '../../../src/engine/strategies/catalog'
import { formatProblem, jsonSchema, parseRunFile } from '../../../src/spec'

const root = join(import.meta.dirname, '../../..')
const file = join(root, 'media/schema/thaw.schema.json')

test('media/schema/thaw.schema.json is what the zod source says (UPDATE=1 writes it)', async () => {
  const text = await format(JSON.stringify(jsonSchema(catalog)), { parser: 'json', printWidth: 110 })
  if (process.env.UPDATE) {
    mkdirSync(join(root, 'media/schema'), { recursive: true })
    writeFileSync(file, text)
  }
  expect(readFileSync(file, 'utf8')).toBe(text)
})

// a strategy of one's own is code, which this test does not run
const examples = readdirSync(join(root, 'examples'), { recursive: true, encoding: 'utf8' }).filter(
  (name) => name.endsWith('.thaw.json') && !name.startsWith('own-strategy'),
)

test.each(examples)('examples/%s is a valid run file without a warning', (name) => {
  const text = readFileSync(join(root, 'examples', name), 'utf8')
  const { spec, problems } = parseRunFile(text, { file: name, strategies: catalog })
  expect(problems.map(formatProblem)).toEqual([])
  expect(spec).toBeDefined()
})
