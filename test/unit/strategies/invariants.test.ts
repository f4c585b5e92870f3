import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '../../..')
const rows = readFileSync(join(root, 'docs/strategies/invariants.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| ') && line.includes('.test.ts'))
  .map((line) => line.split('|').map((cell) => cell.trim().replaceAll('`', '')))

const numbered = (name: string, count: number) => Array.from({ length: count }, (_, i) => `${name}-${i + 1}`)

test('the table of invariants names each of them, and tests that are there', () => {
  const names = [
    'U1',
    'U2',
    'U3',
    'U4',
    'U5',
    'U6',
    'B-1',
    'B-2',
    'B-3',
    'B-4',
    'B-5',
    'B-6',
    ...numbered('L2SP', 10),
    ...numbered('DELTA', 9),
    ...numbered('HF', 9),
    ...numbered('FN', 3),
    ...numbered('L2T', 10),
    ...numbered('TT', 11),
    ...numbered('ST', 14),
    ...numbered('AF', 9),
  ]
  expect(rows.map(([, name]) => name).filter((name) => name !== '')).toEqual(names)
  for (const [, , , file, title] of rows)
    expect(readFileSync(join(root, 'test/unit', file!), 'utf8')).toContain(title)
})
