import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { catalog } from '../../../src/engine/strategies/catalog'
import { checkStrategy } from '../../../src/own/check'
import { ownOptions } from '../../../src/own/options'
import { readSources } from '../../../src/own/sources'
import { changedSince, storedSources, storeSources } from '../../../src/own/store'
import { strategyText, testText } from '../../../src/own/template'
import { parseRunFile } from '../../../src/spec'

const example = fileURLToPath(new URL('../../../examples/own-strategy', import.meta.url))

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'thaw-own-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const write = (name: string, text: string): string => {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

/** A strategy with one loss term. */
const withTerm = (term: string): string => `import { defineStrategy, ops, tf, z } from 'thaw'
export default defineStrategy({
  options: z.strictObject({ strength: z.number().default(1) }),
  off: { strength: 0 },
  plan: ({ steps }, { strength }) => [
    {
      name: 'fine-tune', steps, trains: () => true, batchNorm: () => 'eval_affine',
      terms: [{ name: 'own', value: ({ logits, step }) =>
        ${term} }],
    },
  ],
})
`

async function failed(path: string): Promise<Record<string, string>> {
  const results = await checkStrategy(path, {}, () => {})
  return Object.fromEntries(
    results.filter(({ ok }) => !ok).map(({ name, message }) => [name.slice(0, 2), message!]),
  )
}

describe('thaw check strategy', () => {
  test('the worked example and what `thaw new strategy` writes hold the contract and their own tests', async () => {
    expect(await failed(join(example, 'bss.ts'))).toEqual({})
    write('mine.test.ts', testText('mine'))
    expect(await failed(write('mine.ts', strategyText('mine')))).toEqual({})
  })

  test('what breaks the contract is seen: not off when it says so, a loss with a memory, an error by its line', async () => {
    const off = await failed(write('off.ts', withTerm('tf.mul(ops.mean(ops.square(logits)), strength + 1)')))
    expect(Object.keys(off)).toEqual(['U2'])
    const counts = withTerm('tf.mul(ops.mean(ops.square(logits)), strength * (1 + calls++))')
    const remembers = await failed(write('remembers.ts', `let calls = 0\n${counts}`))
    expect(Object.keys(remembers)).toEqual(['U5'])
    const broken = await failed(write('broken.ts', withTerm('(undefined as any).foo')))
    expect(broken.U1).toMatch(/^broken\.ts:9:\d+: TypeError: /)
  })
})

describe('a run file that names a file', () => {
  const problemsOf = (strategy: unknown, own: boolean = true) =>
    parseRunFile(JSON.stringify({ data: { source: 'thaw:noto-drawings' }, strategy }), {
      file: 'a.thaw.json',
      strategies: catalog,
      ...(own && { own: ownOptions(folder) }),
    })

  test('its options are checked and filled in', () => {
    cpSync(example, folder, { recursive: true })
    expect(problemsOf({ name: './bss.ts', k: 2 }).spec!.strategy).toEqual({
      name: './bss.ts',
      eta: 1e-3,
      k: 2,
    })
    expect(problemsOf({ name: './bss.ts', etta: 2 }).problems[0]).toMatchObject({
      path: 'strategy.etta',
      hint: 'did you mean "eta"?',
    })
  })

  test.each([
    ['no file', undefined, 'there is no such file'],
    ['no TypeScript', 'export default {{', 'mine.ts:1:'],
    ['no strategy', 'export const a = 1', 'it exports no strategy'],
    [
      'another module',
      "import { readFileSync } from 'node:fs'\nreadFileSync('')",
      'there is no module "node:fs"',
    ],
    ['a file outside', "import { a } from '../a'\na()", 'it imports "../a", and there is no such file'],
    ['an error at the top', 'const a: any = undefined\n\na.b()', 'mine.ts:3:'],
  ])('%s is told in a sentence', (_, text, sentence) => {
    if (text !== undefined) write('mine.ts', text)
    const { spec, problems } = problemsOf('./mine.ts')
    expect(spec).toBeUndefined()
    expect(problems[0]!.message).toContain(sentence)
  })

  test('it is not run where that is not allowed', () => {
    expect(problemsOf('./mine.ts', false).problems[0]!.message).toContain('is not run here')
  })
})

describe('the copy in a run folder', () => {
  test('is what the run began with; a change of the file is told, a change of the copy refused', () => {
    const path = write('mine.ts', "export { a } from './part'\n")
    write('part.ts', 'export const a = 1\n')
    const sources = readSources(path)
    const run = mkdtempSync(join(folder, 'run-'))
    storeSources(run, sources)
    expect(storedSources(run)).toEqual(sources)
    expect(changedSince(run, './mine.ts', folder)).toBeUndefined()
    write('part.ts', 'export const a = 2\n')
    expect(changedSince(run, './mine.ts', folder)).toContain('has changed since')
    writeFileSync(join(run, 'strategy', 'part.ts'), 'export const a = 3\n')
    expect(() => storedSources(run)).toThrow('is not what it began with')
  })
})
