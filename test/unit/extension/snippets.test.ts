import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { catalog } from '../../../src/engine/strategies/catalog'

it('the snippet of a run file offers the strategies that there are, and no others', () => {
  const file = join(import.meta.dirname, '../../../media/snippets/run-file.json')
  const snippets = JSON.parse(readFileSync(file, 'utf8')) as Record<string, { body: string[] }>
  const offered = /"strategy": "\$\{\d+\|([^|]+)\|\}"/.exec(snippets['Thaw run file']!.body.join('\n'))![1]!
  expect(offered.split(',').sort()).toEqual(catalog.map(({ name }) => name).sort())
})
