import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { findUnequal, unequalText } from '../../../src/study/budget'
import type { Analysis } from '../../../src/study/analysis'
import { reading } from '../../../src/study/reading'
import { charts } from '../../../src/study/report/charts'
import { markdown } from '../../../src/study/report/markdown'
import { toSvg } from '../../../src/study/report/svg'
import { writeReport } from '../../../src/study/report/write'
import { analysed, invented } from './comparison'

const golden = join(import.meta.dirname, 'golden/report.md')

describe('a report', () => {
  test('is the golden one (UPDATE=1 writes it)', () => {
    const text = markdown(analysed(invented({ full: 0.62, 'L2-SP': 0.6, DELTA: 0.25 })), [
      'accuracy',
      'differences',
      'cost',
    ])
    if (process.env.UPDATE) writeFileSync(golden, text)
    expect(text).toBe(readFileSync(golden, 'utf8'))
  })

  test('says that nothing separates, and that the test set is too small to tell', () => {
    const { reading, comparisons } = analysed(invented({ full: 0.62, 'L2-SP': 0.6 }, { images: 40 }))
    expect(comparisons[0]!.verdict).toBe('not separated')
    expect(reading[0]).toBe(
      '**The methods are not separated.** No difference between two of these 2 is larger than chance makes it; the order of the table is no ranking.',
    )
    expect(reading[1]).toContain(
      '**The test set is too small to tell the differences seen here.** With 40 test images and 3 seeds',
    )
  })

  test('names the better one of a pair that separates, whichever comes first', () => {
    for (const shares of [
      { full: 0.7, none: 0.2 },
      { none: 0.2, full: 0.7 },
    ])
      expect(analysed(invented(shares)).reading[0]).toMatch(
        /^\*\*full is better than none\*\*: \+0\.\d+ \(\+0\.\d+ to \+0\.\d+\)\.$/,
      )
  })

  test('says what else differs', () => {
    const methods = invented({ full: 0.6, probe: 0.6 }, { budgets: { probe: { trials: 4 } } })
    for (const result of methods[1]!.results) Object.assign(result, { steps: 0, computed: 'native, float32' })
    Object.assign(methods[1]!, {
      network: 'resnet18, 96 px',
      failed: [{ seed: 4, message: 'the loss is not finite' }],
    })
    const { reading } = analysed(methods)
    expect(reading).toEqual(
      expect.arrayContaining([
        '**The budgets are unequal**, so a difference may be one of budget: tuning runs: 0 for full, 4 for probe.',
        'probe, seed 4 failed and is left out: the loss is not finite.',
        'The networks differ: small_cnn, 16 px for full, resnet18, 96 px for probe.',
        'probe took 0 of its 60 steps: its head is solved at once.',
        'The runs were computed by wasm, float32 and native, float32: times do not compare, and weights differ in the last digits.',
      ]),
    )
  })

  test('refuses runs of different test images', () => {
    const methods = invented({ full: 0.6, other: 0.6 })
    methods[1]!.results[0]!.test = {
      ...methods[1]!.results[0]!.test,
      paths: methods[0]!.results[0]!.test.paths.slice(1),
    }
    expect(() => analysed(methods)).toThrow(
      'full-1 and other-1 were tested on different images; compare runs with the same data.source and data.split',
    )
  })

  test('lies in a folder: Markdown, JSON, pictures that show every method and a verdict', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'thaw-report-'))
    try {
      const analysis = analysed(invented({ 'full & <b>': 0.62, 'L2-SP': 0.6 }))
      const names = await writeReport(folder, analysis)
      expect(readdirSync(folder).sort()).toEqual(names)
      expect(JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8'))).toMatchObject({
        v: 1,
        seeds: [1, 2, 3],
      })
      for (const name of names.filter((one) => one.endsWith('.svg'))) {
        const svg = readFileSync(join(folder, name), 'utf8')
        expect(svg).toMatch(/^<svg [^]*<\/svg>\n$/)
        expect(svg).toContain('full &amp; &lt;b&gt;')
        expect(svg).not.toMatch(/NaN|undefined|<script|<b>/)
      }
      expect(readFileSync(join(folder, 'differences.svg'), 'utf8')).toContain('not separated')
      const text = readFileSync(join(folder, 'report.md'), 'utf8')
      for (const [, picture] of text.matchAll(/!\[[^\]]*\]\(([^)]+)\)/g)) expect(names).toContain(picture)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  test('a single seed has pictures too, and says what it does not say', async () => {
    const analysis = analysed(invented({ full: 0.62, 'L2-SP': 0.6 }, { seeds: [7] }))
    for (const spec of Object.values(charts(analysis))) expect(await toSvg(spec)).not.toMatch(/NaN|undefined/)
    expect(analysis.reading).toContain(
      'One seed says nothing of other seeds: the intervals are of the test images alone.',
    )
  })
})

test('the report in examples is what its numbers say (UPDATE=1 draws it anew)', async () => {
  const kept = join(import.meta.dirname, '../../../examples/comparison/report')
  const analysis = JSON.parse(readFileSync(join(kept, 'report.json'), 'utf8')) as Analysis
  const { reading: _reading, ...found } = analysis
  const drawn = process.env.UPDATE ? kept : mkdtempSync(join(tmpdir(), 'thaw-example-'))
  try {
    const names = await writeReport(drawn, { ...found, reading: reading(found) })
    expect(readdirSync(kept).sort()).toEqual(names)
    for (const name of names)
      expect([name, readFileSync(join(drawn, name), 'utf8')]).toEqual([
        name,
        readFileSync(join(kept, name), 'utf8'),
      ])
  } finally {
    if (drawn !== kept) rmSync(drawn, { recursive: true, force: true })
  }
  expect(analysis.comparisons.every(({ verdict }) => verdict === 'not separated')).toBe(true)
  expect(analysis.reading[0]).toContain('The methods are not separated.')
})

describe('the budget rule', () => {
  const budget = { name: 'a', steps: 60, imagesPerStep: 20, training: 100, trials: 0 }
  test('equal budgets are equal', () => {
    expect(findUnequal([budget, { ...budget, name: 'b' }])).toEqual([])
  })
  test.each([
    ['steps', 'train.steps: 60 for a and c, 80 for b'],
    ['imagesPerStep', 'images a step (train.batchSize and accumulate): 20 for a and c, 80 for b'],
    ['training', 'training images: 100 for a and c, 80 for b'],
    ['trials', 'tuning runs: 0 for a and c, 80 for b'],
  ])('%s must be the same', (field, text) => {
    const unequal = findUnequal([budget, { ...budget, name: 'b', [field]: 80 }, { ...budget, name: 'c' }])
    expect(unequal.map(unequalText)).toEqual([text])
  })
})
