import { expect, test } from 'vitest'
import { jsonSchema, type JsonSchema } from '../../../src/spec'
import { parse, strategies } from './strategies'

test('an empty object is a whole run file', () => {
  const { spec, problems } = parse('{} // nothing to say')
  expect(problems).toEqual([])
  expect(spec).toMatchObject({
    model: { source: 'thaw:efficientnet-lite0' },
    data: { source: 'thaw:noto-drawings', shuffle: true, transforms: { flip: true, rotate: 15 } },
    strategy: { name: 'full' },
    train: { batchSize: 20, seed: 1, optimizer: { name: 'adamw', rate: 3e-4 }, schedule: { name: 'cosine' } },
    backend: 'auto',
  })
})

test('a strategy by name gets the defaults of its options', () => {
  expect(parse('{"strategy": "l2-sp"}').spec?.strategy).toEqual({ name: 'l2-sp', alpha: 1 })
  expect(parse('{"strategy": {"name": "l2-sp", "alpha": 0.1}}').spec?.strategy).toEqual({
    name: 'l2-sp',
    alpha: 0.1,
  })
})

test('a resolved spec written as JSON is a run file that resolves to itself', () => {
  const { spec } = parse('{"strategy": "l2-sp", "train": {"epochs": 2}, "freeze": [{"train": ["head"]}]}')
  expect(parse(JSON.stringify(spec)).spec).toEqual(spec)
})

test('comments, trailing commas and both line ends are read', () => {
  expect(parse('{\r\n// a\r\n"train": {"steps": 7,},\n/* b */}').spec?.train.steps).toBe(7)
})

test('every field of the schema says what it is', () => {
  const silent: string[] = []
  const walk = (schema: JsonSchema, path: string) => {
    for (const branch of schema.anyOf ?? []) walk(branch, path)
    const items = Array.isArray(schema.items) ? schema.items : schema.items ? [schema.items] : []
    items.forEach((item, i) => walk(item, `${path}[${i}]`))
    for (const [name, child] of Object.entries(schema.properties ?? {})) {
      if (!child.description && !(name === 'name' && child.const !== undefined))
        silent.push(`${path}.${name}`)
      walk(child, `${path}.${name}`)
    }
  }
  walk(jsonSchema(strategies), '')
  expect(silent).toEqual([])
})
