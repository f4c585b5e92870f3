import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { format } from 'prettier'
import { expect, test } from 'vitest'
import { catalog } from '../../../src/engine/strategies/catalog'
import { strategies } from '../../../src/engine/strategies/registry'
import { runMember } from './contract'

const root = join(import.meta.dirname, '../../..')
const shapes = join(root, 'src/events/pictures')
const page = join(root, 'docs/pictures.md')

/** A file's declarations as a block of code; imports are of no use to a reader of the page. */
const block = (file: string): string => {
  const text = readFileSync(join(shapes, file), 'utf8').replace(/^import .*\n+/gm, '')
  return `\n\n\`\`\`ts\n${text}\`\`\`\n\n`
}

test('docs/pictures.md shows each shape as the sources have it (UPDATE=1 writes it)', async () => {
  const text = readFileSync(page, 'utf8')
  const files = [...text.matchAll(/<!-- (\S+\.ts) -->/g)].map(([, file]) => file!)
  expect(files.sort()).toEqual(readdirSync(shapes).sort())
  const now = await format(
    text.replace(/(<!-- (\S+\.ts) -->)[^]*?(<!-- end -->)/g, (_, start, file: string, end) =>
      [start, block(file), end].join(''),
    ),
    { parser: 'markdown', embeddedLanguageFormatting: 'off' },
  )
  if (process.env.UPDATE) writeFileSync(page, now)
  expect(readFileSync(page, 'utf8')).toBe(now)
})

/** What makes a short run tell all that the strategy has to tell. */
const telling: Record<string, { options?: Record<string, unknown>; file?: Record<string, unknown> }> = {
  'l2-sp': { options: { variant: 'l2-sp-fisher', fisher: { images: 4 } } },
  delta: { options: { attention: 'gradient', attentionBatches: 1 } },
  fitnets: { options: { hintSteps: 2 } },
  'l2t-ww': { file: { train: { optimizer: { name: 'sgd', rate: 0.03, momentum: 0.9 } } } },
  transtailor: { options: { rounds: 1, tau: 100 } },
  spottune: { options: { blocks: 'all' } },
  adafilter: { options: { width: 6, hidden: 5 } },
}

/** Rows of the page's table: picture, strategy, when. */
const rows = [...readFileSync(page, 'utf8').matchAll(/^\| `([^`]+)` +\| `([^`]+)` +\| (.*?) *\|$/gm)].map(
  ([, name, strategy, when]) => ({ name: name!, strategy: strategy!, when: when! }),
)

test.each(catalog.map(({ name }) => name))('%s tells the pictures of the table, and when', async (name) => {
  const { sink } = await runMember({ strategy: strategies.get(name)!, ...telling[name] })
  const told = sink.of('picture')
  const documented = rows.filter(({ strategy }) => strategy === name)
  expect([...new Set(told.map((picture) => picture.name))].sort()).toEqual(
    documented.map((row) => row.name).sort(),
  )
  const last = sink.of('step').at(-1)?.step
  for (const { name: picture, when } of documented) {
    const steps = told.filter((one) => one.name === picture).map(({ step }) => step)
    if (when.startsWith('once')) expect([picture, steps.length]).toEqual([picture, 1])
    else expect([picture, steps.at(-1)]).toEqual([picture, last])
    for (const { data } of told) expect(data).toMatchObject({ v: 1 })
  }
})
