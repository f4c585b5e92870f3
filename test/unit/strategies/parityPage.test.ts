import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '../../..')
const page = readFileSync(join(root, 'docs/parity.md'), 'utf8')

test.each(['l2-sp', 'delta', 'hybrid-forward', 'fitnets', 'l2t-ww', 'transtailor', 'spottune', 'adafilter'])(
  'docs/parity.md names the deliberate mistakes of %s, three or more, as its test makes them',
  (name) => {
    const row = page.split('\n').find((line) => line.startsWith(`| \`${name}\``))!
    const mistakes = [...row.matchAll(/"([^"]+)"/g)].map(([, mistake]) => mistake!)
    expect(mistakes.length).toBeGreaterThanOrEqual(3)
    const made = readFileSync(join(root, `test/parity/${name}.test.ts`), 'utf8')
    const acted = readFileSync(join(root, `test/parity/${name}.py`), 'utf8')
    for (const mistake of mistakes) {
      expect(made).toContain(mistake)
      expect(acted).toContain(mistake)
    }
  },
)
